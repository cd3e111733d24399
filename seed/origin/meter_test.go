package origin

import (
	"testing"
	"time"
)

func TestMeterIsASlope(t *testing.T) {
	var m meter
	now := time.Unix(1000, 0)
	if m.perSecond(now) != 0 {
		t.Error("rate without samples")
	}
	for i := range 20 {
		m.add(now, int64(i)*1000)
		now = now.Add(time.Second)
	}
	if got := m.perSecond(now.Add(-time.Second)); got != 1000 {
		t.Errorf("rate %v, want 1000", got)
	}
	if got := m.perSecond(now.Add(time.Hour)); got > 2 {
		t.Errorf("an hour later the rate is still %v", got)
	}
}
