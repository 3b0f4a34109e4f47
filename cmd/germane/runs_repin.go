package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"germane/store"
	"germane/worker"
	"germane/workspace"
)

func newRunsRepin(sys *system, o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "repin RUN [VERSION]",
		Short: "Go on with a corrected version for those who are still waiting",
		Long: `Go on with another version for those who are still waiting: the current one, or the one whose hash
begins with VERSION. It deploys nothing: correct the files, type germane deploy, then this.`,
		Example: `  germane runs pause 12
  germane deploy
  germane runs repin 12
  germane runs resume 12`,
		Args: arguments(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			return changeRun(c, sys, o, args, func(ctx context.Context, x *runChange) error {
				beginning := ""
				if len(args) > 1 {
					beginning = args[1]
				}
				return repin(ctx, x, beginning)
			})
		},
	}
}

func repin(ctx context.Context, x *runChange, beginning string) error {
	r := x.run
	switch r.State {
	case store.RunFinished, store.RunCancelled, store.RunSettling:
		return x.refuse("given another version")
	}
	hash, err := versionStarting(ctx, x.s, beginning)
	if err != nil {
		return err
	}
	if hash == r.Version {
		x.say("Run %d goes on with version %.12s already.%s", r.ID, hash, deployFirst(beginning))
		return nil
	}
	next, err := x.s.Version(ctx, hash)
	if err != nil {
		return err
	}
	if next.Format != workspace.Format {
		return hint(fmt.Errorf("version %.12s was deployed by another germane, and this one cannot send it", hash), "deploy again with this germane")
	}
	if _, ok := next.Files["campaigns/"+r.Campaign+".yaml"]; !ok {
		return hint(fmt.Errorf("version %.12s has no campaign %s", hash, r.Campaign), "name another version, or `germane runs cancel "+fmt.Sprint(r.ID)+"`")
	}
	if err := keepsTimes(ctx, x, hash); err != nil {
		return err
	}
	before, err := x.s.Version(ctx, r.Version)
	if err != nil {
		return err
	}
	if err := x.s.Repin(ctx, r.ID, hash, x.sys.now()); err != nil {
		return err
	}
	x.say("Run %d goes on with version %.12s for %s; %s stay as they are.", r.ID, hash,
		plural(int(r.Waiting), "person who waits", "people who wait"), plural(int(r.Planned-r.Waiting), "delivery", "deliveries"))
	printChanges(x.sys.stderr, changedFiles(before.Files, next.Files))
	if r.State != store.RunRunning && r.State != store.RunWaitingApproval {
		x.say("Go on with: germane runs resume %d", r.ID)
	}
	return nil
}

// keepsTimes refuses a version under which some of those who wait would be lost. What cannot be read any more cannot be compared.
func keepsTimes(ctx context.Context, x *runChange, hash string) error {
	contents := worker.NewContents(x.s, x.sys.variables())
	after, err := contents.Workspace(ctx, hash)
	if err != nil {
		return err
	}
	before, err := contents.Workspace(ctx, x.run.Version)
	if err != nil {
		x.say("Whether its times stay as they are is not known: %v.", err)
		return nil
	}
	if why := worker.MayRepin(x.run, before, after); why != "" {
		return guardError{hint(fmt.Errorf("run %d cannot go on with version %.12s: %s", x.run.ID, hash, why),
			fmt.Sprintf("deploy the correction without that change; or `germane runs cancel %d`, and send to those who wait by another run", x.run.ID))}
	}
	return nil
}

func deployFirst(beginning string) string {
	if beginning != "" {
		return ""
	}
	return " A corrected workspace must be deployed first: germane deploy"
}

// versionStarting returns the hash that begins like this, or the current version's.
func versionStarting(ctx context.Context, s store.Database, beginning string) (string, error) {
	if beginning == "" {
		hash, err := s.CurrentVersion(ctx)
		if errors.Is(err, store.ErrNotFound) {
			err = hint(errors.New("nothing is deployed yet"), "germane deploy")
		}
		return hash, err
	}
	hashes, err := s.VersionsStarting(ctx, strings.ToLower(beginning))
	switch {
	case err != nil:
		return "", err
	case len(hashes) == 0:
		return "", hint(fmt.Errorf("no version begins with %q", beginning), "`germane runs RUN` names the versions of a run; without VERSION it is the current one")
	case len(hashes) > 1:
		return "", usageError{hint(fmt.Errorf("more than one version begins with %q", beginning), "write more of it")}
	}
	return hashes[0], nil
}
