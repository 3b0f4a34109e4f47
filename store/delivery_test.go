package store

import "testing"

func TestDeliveryIDsAreReadInOneWayOnly(t *testing.T) {
	t.Parallel()
	for _, d := range []struct {
		run, person int64
		occasion    int
	}{{1, 2, 0}, {123456789, 987654321, 0}, {36, 35, 3}} {
		run, person, occasion, ok := ParseDeliveryID(DeliveryID(d.run, d.person, d.occasion))
		if !ok || run != d.run || person != d.person || occasion != d.occasion {
			t.Errorf("%+v became %d %d %d %v", d, run, person, occasion, ok)
		}
	}
	for _, id := range []string{"", "1", "1-", "01-2", "1-2-0", "1-2-3-4", "A-b", "1-+2", "1-2-x", "1-2\n"} {
		if _, _, _, ok := ParseDeliveryID(id); ok {
			t.Errorf("%q is read", id)
		}
	}
}
