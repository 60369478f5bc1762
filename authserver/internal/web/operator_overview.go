package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/usage"
	"latchkey/authserver/internal/web/page"
	"latchkey/pkg/fault"
)

var errPeriod = fault.New(fault.Malformed, "There is no such period. Start at the overview.")

func (s *Server) showOverview(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	q := r.URL.Query()
	d := &page.OverviewView{Version: s.operator.Version(), Period: cmp.Or(q.Get("period"), page.PeriodMonth), Table: q.Get("table")}
	if !slices.Contains(page.Periods, d.Period) || d.Table != "" && !slices.Contains(page.Pictures, d.Table) {
		return errPeriod
	}
	health := s.operator.Health(r.Context()) // meanwhile the rest is read
	zone := in.User.Preferences().Zone()
	for _, name := range []string{authserver.CountSignins, authserver.CountRefused, authserver.CountTokens} {
		one, err := s.countView(r.Context(), zone, name, d.Period)
		if err != nil {
			return err
		}
		d.Counts = append(d.Counts, one)
	}
	if err := s.latencies(r.Context(), zone, d); err != nil {
		return err
	}
	if err := s.addWork(r.Context(), zone, d); err != nil {
		return err
	}
	d.Health = health()
	v := s.personalView(w, r, in, "operator.overview.title")
	return s.render(w, r, http.StatusOK, v, page.OperatorOverviewPage(v, d))
}

// countView is how often something of a name happened, in a period and lately.
func (s *Server) countView(ctx context.Context, zone *time.Location, name, period string) (page.CountView, error) {
	found, err := s.usage.Instance(ctx, zone, name)
	if err != nil {
		return page.CountView{}, err
	}
	one := page.CountView{
		Name: name, Bad: name == authserver.CountRefused, Spans: found.Days, SoFar: found.SoFar, WeekAgo: found.WeekAgo,
		Today: found.Days[usage.Days-1].Calls, Yesterday: found.Days[usage.Days-2].Calls,
	}
	switch period {
	case page.PeriodDay:
		one.Spans = found.Hours
	case page.PeriodWeek:
		one.Spans = found.Days[usage.Days-7:]
	case page.PeriodYear:
		one.Spans, err = s.usage.Year(ctx, name)
	}
	return one, err
}

// latencies adds how long requests took.
func (s *Server) latencies(ctx context.Context, zone *time.Location, d *page.OverviewView) error {
	took, err := s.usage.Latency(ctx, zone)
	if err != nil {
		return err
	}
	d.Days = latencyView(took.Days)
	switch d.Period {
	case page.PeriodDay:
		d.Times = latencyView(took.Hours)
	case page.PeriodWeek:
		d.Times = d.Days[usage.Days-7:]
	case page.PeriodMonth:
		d.Times = d.Days
	case page.PeriodYear:
		year, err := s.usage.LatencyYear(ctx)
		if err != nil {
			return err
		}
		d.Times = latencyView(year)
	}
	return nil
}

func latencyView(spans []usage.SpanLatency) page.LatencyView {
	list := make(page.LatencyView, len(spans))
	for i := range spans {
		list[i] = page.LatencySpan(spans[i])
	}
	return list
}

func (s *Server) showHealth(w http.ResponseWriter, r *http.Request, in *authserver.Signin) error {
	v := s.personalView(w, r, in, "health.title")
	return s.render(w, r, http.StatusOK, v, page.OperatorHealthPage(v, s.operator.Health(r.Context())()))
}
