package config_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/authserver/internal/config"
)

func TestThrottleSettings(t *testing.T) {
	c, err := config.Read(map[string]string{"AUTH_THROTTLE_SIGNIN": "5/30s, 7/2h", "AUTH_THROTTLE_SIGNUP": "off"})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.ThrottleSignin; len(got) != 2 || got[0].Max != 5 || got[0].Window != 30*time.Second || got[1].Window != 2*time.Hour {
		t.Errorf("AUTH_THROTTLE_SIGNIN is %v", got)
	}
	if len(c.ThrottleSignup) != 0 || len(c.ThrottleSecondFactor) != 3 {
		t.Errorf("off is %v, the default %v", c.ThrottleSignup, c.ThrottleSecondFactor)
	}
	for _, bad := range []string{"5", "0/1m", "x/1m", "5/x", "5/1ms", "5/1m,"} {
		if _, err := config.Read(map[string]string{"AUTH_THROTTLE_SIGNIN": bad}); err == nil || !strings.Contains(err.Error(), "no limit") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestEveryComplaintAboutPeopleAtOnce(t *testing.T) {
	_, err := config.Read(map[string]string{
		"AUTH_SIGNUP": "sometimes", "AUTH_SIGNIN_IDLE": "-1h", "AUTH_PASSWORD_QUEUE": "0", "AUTH_ERASURE_URL": "http://127.0.0.1:8081",
	})
	for _, name := range []string{"AUTH_SIGNUP", "AUTH_SIGNIN_IDLE", "AUTH_PASSWORD_QUEUE", "AUTH_ERASURE_SECRET"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}
