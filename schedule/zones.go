package schedule

import "time"

// Zones finds time zones by their names, and remembers them: loading one reads and parses a file. It belongs to one caller; two
// goroutines need one each.
type Zones struct {
	fallback *time.Location
	known    map[string]*time.Location
	unknown  int    // how many of those are the fallback's because they do not exist
	name     string // of the last one: people often come sorted by zone
	zone     *time.Location
}

// maxUnknown bounds how many names that are no zones are remembered: imports can hold any number of them.
const maxUnknown = 1000

// NewZones returns a finder whose answer for everybody without a zone of their own is the workspace's.
func NewZones(workspace *time.Location) *Zones {
	if workspace == nil {
		workspace = time.UTC
	}
	return &Zones{fallback: workspace, known: map[string]*time.Location{workspace.String(): workspace}, zone: workspace}
}

// Of returns the zone of a person: their own when it is one of the IANA list, otherwise the workspace's.
func (z *Zones) Of(name string) *time.Location {
	if name == z.name {
		return z.zone
	}
	zone, ok := z.known[name]
	if !ok {
		zone = z.load(name)
	}
	z.name, z.zone = name, zone
	return zone
}

func (z *Zones) load(name string) *time.Location {
	zone := loadZone(name)
	if zone == nil {
		zone = z.fallback
		z.unknown++
	}
	if zone != z.fallback || z.unknown <= maxUnknown {
		z.known[name] = zone
	}
	return zone
}

// InUse returns the zones of people who are counted by the name they have, with how many live in each. People with none, or one
// that does not exist, live in the workspace's.
func (z *Zones) InUse(people map[string]int64) map[*time.Location]int64 {
	used := map[*time.Location]int64{}
	for name, n := range people {
		if n > 0 {
			used[z.Of(name)] += n
		}
	}
	return used
}

// loadZone returns nil when there is no zone of that name. "Local" would mean another zone on every machine.
func loadZone(name string) *time.Location {
	if name == "" || name == "Local" {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return zone
}
