package span

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// settings are what the variables of OpenTelemetry say.
type settings struct {
	endpoint string
	headers  map[string]string
	timeout  time.Duration
	resource []Attr
	sampler  func(traceID string, hasParent, parent bool) bool
}

var errProtocol = errors.New("OTEL_EXPORTER_OTLP_PROTOCOL must be http/json or http/protobuf: spans are sent over HTTP, as JSON (port 4318 of a collector)")

// read reads the variables; nil: nobody wants spans.
func read(environ map[string]string, service, version string) (*settings, error) {
	first := func(names ...string) string {
		for _, name := range names {
			if environ[name] != "" {
				return environ[name]
			}
		}
		return ""
	}
	s := &settings{endpoint: environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"], headers: map[string]string{}, timeout: 10 * time.Second}
	if base := environ["OTEL_EXPORTER_OTLP_ENDPOINT"]; s.endpoint == "" && base != "" {
		s.endpoint = strings.TrimRight(base, "/") + "/v1/traces"
	}
	if s.endpoint == "" || strings.EqualFold(environ["OTEL_SDK_DISABLED"], "true") || environ["OTEL_TRACES_EXPORTER"] == "none" {
		return nil, nil
	}
	var errs []error
	if u, err := url.Parse(s.endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		errs = append(errs, errors.New("OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL"))
	}
	switch first("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL") {
	case "", "http/json", "http/protobuf":
	default:
		errs = append(errs, errProtocol)
	}
	if text := first("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"); text != "" {
		ms, err := strconv.Atoi(text)
		if err != nil || ms < 1 {
			errs = append(errs, errors.New("OTEL_EXPORTER_OTLP_TIMEOUT must be a number of milliseconds"))
		}
		s.timeout = time.Duration(ms) * time.Millisecond
	}
	var err error
	if s.headers, err = pairs(first("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")); err != nil {
		errs = append(errs, errors.New("OTEL_EXPORTER_OTLP_HEADERS must be name=value,name=value"))
	}
	more, err := pairs(environ["OTEL_RESOURCE_ATTRIBUTES"])
	if err != nil {
		errs = append(errs, errors.New("OTEL_RESOURCE_ATTRIBUTES must be name=value,name=value"))
	}
	name := environ["OTEL_SERVICE_NAME"]
	if name == "" {
		name = more["service.name"]
	}
	if name == "" {
		name = service
	}
	s.resource = []Attr{{"service.name", name}, {"service.version", version}}
	for key, value := range more {
		if key != "service.name" {
			s.resource = append(s.resource, Attr{key, value})
		}
	}
	if s.sampler, err = samplerOf(environ["OTEL_TRACES_SAMPLER"], environ["OTEL_TRACES_SAMPLER_ARG"]); err != nil {
		errs = append(errs, err)
	}
	return s, errors.Join(errs...)
}

// pairs reads name=value,name=value; values are written as in URLs.
func pairs(text string) (map[string]string, error) {
	found := map[string]string{}
	for one := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(one) == "" {
			continue
		}
		name, value, ok := strings.Cut(one, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !ok || name == "" || err != nil {
			return nil, errors.New("no pair")
		}
		found[name] = value
	}
	return found, nil
}

func samplerOf(name, arg string) (func(traceID string, hasParent, parent bool) bool, error) {
	share := 1.0
	base, byParent := strings.CutPrefix(name, "parentbased_")
	switch {
	case name == "":
		byParent = true
	case base == "always_on":
	case base == "always_off":
		share = 0
	case base == "traceidratio":
		var err error
		if share, err = strconv.ParseFloat(arg, 64); arg != "" && (err != nil || share < 0 || share > 1) {
			return nil, errors.New("OTEL_TRACES_SAMPLER_ARG must be between 0 and 1")
		}
		if arg == "" {
			share = 1
		}
	default:
		return nil, fmt.Errorf("OTEL_TRACES_SAMPLER must be always_on, always_off or traceidratio, or one of these after parentbased_")
	}
	return func(traceID string, hasParent, parent bool) bool {
		if byParent && hasParent {
			return parent
		}
		if share >= 1 || len(traceID) < 32 {
			return share >= 1
		}
		last, err := strconv.ParseUint(traceID[16:], 16, 64) // the half that is random (W3C Trace Context)
		return err == nil && float64(last>>1)/(1<<63) < share
	}, nil
}
