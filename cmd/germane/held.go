package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"germane/store"
	"germane/worker"
)

// heldBy says, in order, of which campaigns and senders too much came back, so that their next runs wait for somebody.
func heldBy(switches map[string]store.Switch) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(switches)) {
		if !switches[name].On {
			continue
		}
		if campaign, is := strings.CutPrefix(name, worker.Held); is {
			all = append(all, fmt.Sprintf("campaign %s since %s UTC: %s", campaign, minute(switches[name].At), switches[name].Note))
		} else if sender, is := strings.CutPrefix(name, worker.HeldSender); is {
			all = append(all, fmt.Sprintf("mail from %s since %s UTC: %s", sender, minute(switches[name].At), switches[name].Note))
		}
	}
	return all
}

// liftsHold is what somebody does about it.
const liftsHold = "the next run waits for `germane runs approve RUN`, and one that was stopped for `germane runs resume RUN`; `germane pause CAMPAIGN --resume` says beforehand that somebody has seen it"

// tellHolds says beside what was asked for that nothing is sent, or not all.
func tellHolds(ctx context.Context, talk io.Writer, s store.Switches) error {
	switches, err := s.Switches(ctx)
	if err != nil {
		return err
	}
	if stopped := switches[store.SwitchStopped]; stopped.On {
		fmt.Fprintf(talk, "All sending is stopped since %s UTC%s; %s.\n", minute(stopped.At), because(": ", stopped.Note), goOnAfter(stopped))
	}
	for _, held := range heldBy(switches) {
		fmt.Fprintf(talk, "Stopped: %s; %s.\n", held, liftsHold)
	}
	return nil
}
