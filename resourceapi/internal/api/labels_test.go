package api_test

import (
	"bytes"
	"mime/multipart"
	"net/textproto"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
)

func TestTags(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		if got := string(c.get("/api/v1/tags").want(200).raw); got != "[]\n" {
			t.Errorf("no tags: %s", got)
		}
		made := c.do("POST", "/api/v1/tags", object{"tag": object{"name": "Trip"}}).want(201)
		if !regexp.MustCompile(`^#[0-9a-f]{6}$`).MatchString(made.text("color")) {
			t.Errorf("colour: %s", made.raw)
		}
		id := made.text("id")
		c.do("POST", "/api/v1/tags", object{"tag": object{"name": "Aunt", "color": "#AABBCC"}}).want(201)
		list := c.get("/api/v1/tags").want(200)
		if list.length() != 2 || list.text(0, "name") != "Aunt" {
			t.Errorf("list: %s", list.raw)
		}
		sentence := func(r result, status int, text string) {
			t.Helper()
			if r.want(status); r.text("error") != text || r.at("message") != nil {
				t.Errorf("%s, want %q", r.raw, text)
			}
		}
		sentence(c.do("POST", "/api/v1/tags", object{"tag": object{"name": "Trip"}}), 422, "Name has already been taken")
		sentence(c.do("POST", "/api/v1/tags", object{"tag": object{"name": "", "color": "red"}}), 422, "Name can't be blank, Color is invalid")
		sentence(c.do("PATCH", "/api/v1/tags/"+id, object{"tag": object{"name": "Aunt"}}), 422, "Name has already been taken")
		sentence(c.get("/api/v1/tags/"+uuid.NewString()), 404, "Tag not found")
		sentence(c.get("/api/v1/tags/nonsense"), 404, "Tag not found")
		c.do("POST", "/api/v1/tags", `{}`).refuses(400, "bad_request", "")
		c.do("PATCH", "/api/v1/tags/"+id, object{"tag": object{"color": "#000000"}}).want(200)
		if got := c.get("/api/v1/tags/" + id).want(200).text("color"); got != "#000000" {
			t.Errorf("colour: %s", got)
		}
		tagged := c.spend(c.cash(), object{"tag_ids": []string{id, id}})
		other := c.spend(c.cash(), nil)
		if r := c.get("/api/v1/transactions?tag_ids[]=" + id); r.length("transactions") != 1 || r.text("transactions", 0, "tags", 0, "name") != "Trip" {
			t.Errorf("by tag: %s", r.raw)
		}
		c.do("PATCH", "/api/v1/transactions/"+tagged, object{"transaction": object{"name": "kept"}}).want(200)
		if c.get("/api/v1/transactions/"+tagged).length("tags") != 1 {
			t.Error("tags lost by a change that does not name them")
		}
		c.do("PATCH", "/api/v1/transactions/"+tagged, object{"transaction": object{"tag_ids": []string{}}}).want(200)
		c.do("PATCH", "/api/v1/transactions/"+other, object{"transaction": object{"tag_ids": []string{id}}}).want(200)
		if gone := c.do("DELETE", "/api/v1/tags/"+id, nil).want(204); len(gone.raw) != 0 {
			t.Errorf("deleted: %s", gone.raw)
		}
		if c.get("/api/v1/transactions/"+tagged).length("tags")+c.get("/api/v1/transactions/"+other).length("tags") != 0 {
			t.Error("tags remain")
		}
		sentence(c.do("DELETE", "/api/v1/tags/"+id, nil), 404, "Tag not found")
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if r := c.do("POST", "/api/v1/tags", object{"tag": object{"name": "Race"}}); r.status != 201 && r.status != 422 {
					t.Errorf("%d %s", r.status, r.raw)
				}
			})
		}
		all.Wait()
		if got := c.get("/api/v1/tags").length(); got != 2 {
			t.Errorf("%d tags after a race", got)
		}
	})
}

func TestCategories(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		post := func(o object) result { return c.do("POST", "/api/v1/categories", object{"category": o}) }
		food := post(object{"name": "Food", "color": "#112233"}).want(201)
		if food.text("icon") != "utensils" || food.at("parent") != nil || food.at("subcategories_count") != "0" {
			t.Errorf("food: %s", food.raw)
		}
		plain := post(object{"name": "Zzz"}).want(201)
		if plain.text("color") != "#6172F3" || plain.text("icon") != "shapes" {
			t.Errorf("plain: %s", plain.raw)
		}
		child := post(object{"name": "Bakery", "color": "#ffffff", "parent_id": food.text("id")}).want(201)
		if child.text("color") != "#112233" || child.text("parent", "name") != "Food" {
			t.Errorf("child: %s", child.raw)
		}
		stranger := s.family().do("POST", "/api/v1/categories", object{"category": object{"name": "Theirs"}}).want(201).text("id")
		for _, parent := range []string{stranger, uuid.NewString(), "nonsense"} {
			post(object{"name": "X", "parent_id": parent}).refuses(422, "unprocessable_entity", "Parent must be a category in your family")
		}
		post(object{"name": "X", "parent_id": child.text("id")}).refuses(422, "unprocessable_entity", "2 levels")
		post(object{"name": "Food"}).refuses(422, "unprocessable_entity", "Name has already been taken")
		post(object{"name": " ", "color": "x"}).refuses(422, "unprocessable_entity", "Name can't be blank, Color is invalid")
		c.do("POST", "/api/v1/categories", `{"x":1}`).refuses(400, "bad_request", "Required parameters are missing or invalid")
		c.get("/api/v1/categories/"+stranger).refuses(404, "not_found", "Category not found")
		for query, want := range map[string]int{"": 3, "?roots_only=true": 2, "?parent_id=" + food.text("id"): 1, "?parent_id=" + stranger: 0, "?per_page=2": 2} {
			if r := c.get("/api/v1/categories" + query).want(200); r.length("categories") != want {
				t.Errorf("%s: %s", query, r.raw)
			}
		}
		if c.get("/api/v1/categories/"+food.text("id")).at("subcategories_count") != "1" {
			t.Error("subcategories are not counted")
		}
		c.get("/api/v1/categories?parent_id=x").refuses(422, "validation_failed", "UUID")
		spent := c.spend(c.cash(), object{"category_id": food.text("id")})
		shown := c.get("/api/v1/transactions/" + spent)
		if shown.text("category", "name") != "Food" || c.get("/api/v1/transactions?category_id="+food.text("id")).length("transactions") != 1 {
			t.Errorf("category of %s", shown.raw)
		}
		c.do("PATCH", "/api/v1/transactions/"+spent, object{"transaction": object{"category_id": stranger}}).refuses(422, "validation_failed", "Category not found")
		c.do("PATCH", "/api/v1/transactions/"+spent, object{"transaction": object{"category_id": nil}}).want(200)
		if c.get("/api/v1/transactions/"+spent).at("category") != nil {
			t.Error("a category cannot be cleared")
		}
		c.do("DELETE", "/api/v1/categories/"+food.text("id"), nil).refuses(405, "method_not_allowed", "")
	})
}

func (c *caller) upload(field, kind, file string) result {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	header := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + field + `"; filename="m.csv"`}}
	if kind != "" {
		header.Set("Content-Type", kind)
	}
	part, err := form.CreatePart(header)
	if err != nil {
		c.s.t.Fatal(err)
	}
	_, _ = part.Write([]byte(file))
	_ = form.Close()
	return c.do("POST", "/api/v1/merchants", body.String(), "Content-Type", form.FormDataContentType())
}

func TestMerchants(t *testing.T) {
	eachSet(t, func(t *testing.T, s *service) {
		c := s.family()
		made := c.upload("file", "text/csv", "\xef\xbb\xbfName,website,color\nCafé,https://cafe.test,#aabbcc\n\"Shop, Ltd\",,\nCafé,,\n,,\nBad,,red\n").want(201)
		if made.at("imported") != "2" || made.at("skipped") != "3" || made.length("merchants") != 2 {
			t.Errorf("import: %s", made.raw)
		}
		again := c.upload("file", "text/plain", "name\nCafé\nNew\n").want(201)
		if again.at("imported") != "1" || again.at("skipped") != "1" || again.text("merchants", 0, "type") != "FamilyMerchant" {
			t.Errorf("again: %s", again.raw)
		}
		if r := c.upload("file", "", "name\nCafé\n").want(201); r.at("skipped") != "1" { // a part without a type is text (RFC 7578)
			t.Errorf("without a type: %s", r.raw)
		}
		c.upload("other", "text/csv", "name\nx\n").refuses(422, "missing_file", "")
		c.upload("file", "image/png", "name\nx\n").refuses(422, "invalid_file_type", "")
		c.upload("file", "text/csv", "title\nx\n").refuses(422, "missing_column", "")
		c.upload("file", "text/csv", "").refuses(422, "missing_column", "")
		c.upload("file", "text/csv", "name\n\"x\ny").refuses(422, "invalid_csv", "")
		c.upload("file", "text/csv", "name\n\xff\n").refuses(422, "invalid_csv", "")
		c.upload("file", "text/csv", "name\n"+strings.Repeat("x", 10<<20)).refuses(422, "file_too_large", "")
		c.do("POST", "/api/v1/merchants", object{"merchant": object{"name": "x"}}).refuses(422, "missing_file", "")
		c.do("POST", "/api/v1/merchants", "--x--", "Content-Type", "multipart/form-data; boundary=x").refuses(422, "missing_file", "")
		c.do("POST", "/api/v1/merchants", "garbage", "Content-Type", "multipart/form-data; boundary=x").refuses(422, "missing_file", "")
		list := c.get("/api/v1/merchants").want(200)
		if list.length() != 3 || list.text(0, "name") != "Café" {
			t.Errorf("list: %s", list.raw)
		}
		id := list.text(0, "id")
		c.get("/api/v1/merchants/" + id).want(200)
		if r := s.family().get("/api/v1/merchants/" + id).want(404); r.text("error") != "Merchant not found" {
			t.Errorf("foreign: %s", r.raw)
		}
		spent := c.spend(c.cash(), object{"merchant_id": id})
		if c.get("/api/v1/transactions/"+spent).text("merchant", "name") != "Café" || c.get("/api/v1/transactions?search=caf").length("transactions") != 1 ||
			c.get("/api/v1/transactions?merchant_ids[]="+id).length("transactions") != 1 {
			t.Error("the merchant of a transaction is not found")
		}
		c.do("PUT", "/api/v1/transactions/"+spent, object{"transaction": object{"merchant_id": ""}}).want(200)
		if c.get("/api/v1/transactions/"+spent).at("merchant") == nil {
			t.Error("a merchant that is not named is cleared")
		}
		c.do("PUT", "/api/v1/transactions/"+spent, object{"transaction": object{"merchant_id": nil}}).want(200)
		if c.get("/api/v1/transactions/"+spent).at("merchant") != nil {
			t.Error("a merchant cannot be cleared")
		}
	})
}
