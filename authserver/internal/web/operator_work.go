package web

import (
	"context"
	"net/url"
	"time"

	"latchkey/authserver"
	"latchkey/authserver/internal/operator"
	"latchkey/authserver/internal/web/page"
)

// addWork adds what waits for the operator, and how erasures fare.
func (s *Server) addWork(ctx context.Context, zone *time.Location, d *page.OverviewView) error {
	found, err := s.operator.Decisions(ctx, zone)
	if err != nil {
		return err
	}
	d.Decisions = decisions(&found)
	erasures, err := s.operator.NextErasures(ctx)
	for i := range erasures {
		d.Erasures = append(d.Erasures, s.erasureView(&erasures[i]))
	}
	return err
}

func decisions(found *operator.Decisions) (list []page.DecisionView) {
	for _, one := range found.Unverified {
		list = append(list, page.DecisionView{
			Kind: "application", Name: page.PlainName(one.Name), Href: oneClient(one.ID), Fine: []page.Counted{{Key: "decide.people", N: one.People}},
		})
	}
	for _, one := range found.Addresses {
		list = append(list, page.DecisionView{
			Kind: "address", Name: one.Of, Href: refusedSignins(one.Of), Fine: []page.Counted{{Key: "decide.refused", N: one.Times}, {Key: "decide.accounts", N: one.Others}},
		})
	}
	for _, one := range found.Accounts {
		list = append(list, page.DecisionView{
			Kind: "account", Name: one.Email, Href: refusedSignins(one.Of), Fine: []page.Counted{{Key: "decide.refused", N: one.Times}, {Key: "decide.addresses", N: one.Others}},
		})
	}
	for _, one := range found.Keys {
		list = append(list, page.DecisionView{
			Kind: "key", Name: one.Name, N: int64(one.Days), Text: one.Email, Href: page.OperatorPath + "/keys/" + one.ID,
		})
	}
	return list
}

// refusedSignins are the refused sign-ins of an address or to a user.
func refusedSignins(of string) string {
	return page.OperatorPath + "/events?" + url.Values{"q": {of}, "state": {authserver.EventSigninFailed}}.Encode()
}

func (s *Server) erasureView(e *authserver.Erasure) page.ErasureView {
	v := page.ErasureView{State: "operator.erasures." + e.State(), Badge: "badge " + erasureBadges[e.State()], Tries: e.Attempts, Next: &e.NextAt}
	switch {
	case !s.people.Erases():
		v.State, v.Badge, v.Next = "operator.erasures.off", "badge bad", nil
	case e.ClaimedAt != nil:
		v.Next = nil
	}
	return v
}
