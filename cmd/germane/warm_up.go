package main

import (
	"context"
	"fmt"
	"math"

	"germane/store"
	"germane/workspace"
)

func domainRates(c *workspace.Config) map[string]float64 {
	rates := map[string]float64{}
	for _, d := range c.DomainRates {
		rates[d.Domain] = d.Rate
	}
	return rates
}

// tellHeld says of runs that mail nobody for a time when they go on: whoever drains is done with them for now.
func (p *post) tellHeld(ctx context.Context) error {
	runs, err := p.store.Runs(ctx, store.RunFilter{Open: true, Limit: math.MaxInt32})
	for _, r := range runs {
		if held := heldBack(r, p.sys.now()); held != "" {
			fmt.Fprintf(p.sys.stderr, "run %d of %s %s\n", r.ID, r.Campaign, held)
		}
	}
	return err
}
