package web

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"

	"latchkey/authserver"
	"latchkey/authserver/internal/registration"
	"latchkey/pkg/fault"
	"latchkey/pkg/httpserver"
	"latchkey/pkg/picture"
)

// logoField is the field of a form with a picture: a file as it comes from a browser,
// and the PNG that was drawn of it (base64url) as forms are carried on.
const logoField = "logo"

// pictured is a form that may bring a file with a picture. It is drawn anew before the
// form goes on, so that it is small enough to be carried along while the person confirms.
type pictured struct {
	post   handler
	refuse refusing
}

// refusing shows the page of a form again, and why it did not go on.
type refusing func(w http.ResponseWriter, r *http.Request, in *authserver.Signin, refused error) error

func (h pictured) bind(s *Server, unsigned httpserver.Handler) httpserver.Handler {
	return person(func(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
		file, brought := r.Context().Value(fileKey{}).(*file)
		if !brought || !file.came {
			return h.post.bind(s, unsigned)(w, r)
		}
		if err := s.people.AdmitPicture(r.Context(), in.User.ID); err != nil {
			return h.refuse(w, r, in, err)
		}
		png, err := registration.DrawLogo(r.Context(), file.raw)
		if err != nil {
			return h.refuse(w, r, in, err)
		}
		r.PostForm.Set(logoField, base64.RawURLEncoding.EncodeToString(png))
		return h.post.bind(s, unsigned)(w, r)
	}).bind(s, unsigned)
}

// pictureIn is the picture that a form brought; none: an empty one, which is refused as
// such.
func pictureIn(form url.Values) []byte {
	png, err := base64.RawURLEncoding.DecodeString(form.Get(logoField))
	if err != nil {
		return nil
	}
	return png
}

// file is what the field logoField of a form brought.
type file struct {
	came bool // the form was one with files
	raw  []byte
}

type fileKey struct{}

// takesFile lets next's form be one with a file.
func takesFile(next httpserver.Handler) httpserver.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return next(w, r.WithContext(context.WithValue(r.Context(), fileKey{}, &file{})))
	}
}

// readParts reads a form with a file (RFC 7578): fields as those of any form, and
// the file, which is cut off where it is too large.
func readParts(r *http.Request, boundary string, into *file) error {
	into.came = true
	parts := multipart.NewReader(http.MaxBytesReader(nil, r.Body, maxForm+picture.MaxBytes), boundary)
	fields, room := url.Values{}, int64(maxForm)
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			r.PostForm = fields
			return nil
		}
		if err != nil {
			return httpserver.BodyError(err, errForm.Message)
		}
		if part.FormName() == logoField {
			if into.raw != nil {
				return errForm.WithCause(errors.New("two files"))
			}
			if into.raw, err = io.ReadAll(io.LimitReader(part, picture.MaxBytes+1)); err != nil {
				return httpserver.BodyError(err, errForm.Message)
			}
			continue
		}
		value, err := io.ReadAll(io.LimitReader(part, room+1))
		if err != nil {
			return httpserver.BodyError(err, errForm.Message)
		}
		if room -= int64(len(value)) + int64(len(part.FormName())) + 16; room < 0 {
			return fault.New(fault.TooLarge, "The request body is too large")
		}
		fields.Add(part.FormName(), string(value))
	}
}
