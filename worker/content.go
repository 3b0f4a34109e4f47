package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing/fstest"

	"germane/audience"
	"germane/internal/finding"
	"germane/render"
	"germane/schedule"
	"germane/store"
	"germane/workspace"
)

// Content is a campaign of a version, compiled: what is the same for everybody in a run.
type Content struct {
	Workspace *workspace.Workspace
	Version   int64 // its number
	Campaign  *schedule.Campaign
	Message   *render.Message

	audience audience.Predicate
	number   int           // of the campaign, in tracked addresses
	topic    uint32        // in tokens
	from     string        // the envelope's sender
	domain   string        // of that
	nobody   schedule.Part // whom no campaign mails
	heldOut  schedule.Part // whom this one does not
	base     string        // of public addresses, without a / at its end; "": there are none
}

// ErrFormat says that a version was made by another compiler: what is stored of its deliveries means nothing to this one.
var ErrFormat = errors.New("this version was deployed by another germane")

// contentError says that a version has nothing to send for a campaign. Whatever else keeps it from being read may pass.
type contentError struct{ error }

func (e contentError) Unwrap() error { return e.error }

// unusable reports whether asking for content again would not help.
func unusable(err error) bool {
	var wrong contentError
	return errors.As(err, &wrong) || errors.Is(err, store.ErrNotFound)
}

// Contents loads versions and keeps them compiled. Any number of goroutines may use it.
type Contents struct {
	store       store.Store
	environment map[string]string // overrides keys of germane.yaml

	mu         sync.Mutex
	workspaces map[string]*loaded // by hash
}

type loaded struct {
	workspace *workspace.Workspace
	number    int64
}

// NewContents keeps versions of a store. environment holds variables by name: GERMANE_… override keys, as for the workspace on disk.
func NewContents(s store.Store, environment map[string]string) *Contents {
	return &Contents{store: s, environment: environment, workspaces: map[string]*loaded{}}
}

// Campaign returns a campaign of a version; [ErrFormat] when this program cannot read it.
func (c *Contents) Campaign(ctx context.Context, hash, campaign string) (*Content, error) {
	l, err := c.load(ctx, hash)
	if err != nil {
		return nil, err
	}
	content, err := Draft(l.workspace, campaign)
	if err != nil {
		return nil, contentError{fmt.Errorf("version %.12s: %w", hash, err)}
	}
	content.Version = l.number
	content.topic, err = c.store.TopicNumber(ctx, content.Campaign.Topic.S)
	return content, err
}

// Workspace returns a version's workspace.
func (c *Contents) Workspace(ctx context.Context, hash string) (*workspace.Workspace, error) {
	l, err := c.load(ctx, hash)
	if err != nil {
		return nil, err
	}
	return l.workspace, nil
}

// Draft returns a campaign of a workspace that is not deployed: to try things. Its tracked addresses lead nowhere.
func Draft(w *workspace.Workspace, campaign string) (*Content, error) {
	content := &Content{Workspace: w, number: w.CampaignNumber(campaign)}
	var ok bool
	if content.Campaign, ok = w.Campaign(campaign); !ok {
		return nil, fmt.Errorf("campaign %s: %w", campaign, store.ErrNotFound)
	}
	content.Message, _ = w.CampaignMessage(campaign)
	if content.audience, ok = w.CampaignAudience(campaign); !ok {
		return nil, fmt.Errorf("campaign %s has no message", campaign)
	}
	content.nobody, content.heldOut = schedule.GlobalHoldout(w.Config.Holdout), content.Campaign.HeldOut()
	content.from = w.CampaignSender(campaign).Email
	content.domain = strings.ToLower(content.from[strings.LastIndexByte(content.from, '@')+1:])
	if w.Config.PublicURL != nil {
		content.base = w.Config.PublicURL.String()
	}
	return content, nil
}

func (c *Contents) load(ctx context.Context, hash string) (*loaded, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l, ok := c.workspaces[hash]; ok {
		return l, nil
	}
	v, err := c.store.Version(ctx, hash)
	if err != nil {
		return nil, fmt.Errorf("load content: %w", err)
	}
	if v.Format != workspace.Format {
		return nil, fmt.Errorf("version %.12s has format %d, this program's is %d: %w", hash, v.Format, workspace.Format, ErrFormat)
	}
	files := fstest.MapFS{}
	for name, data := range v.Files {
		files[name] = &fstest.MapFile{Data: data}
	}
	w, findings := workspace.Load(files, c.environment)
	if w == nil || finding.HasErrors(findings) {
		return nil, contentError{fmt.Errorf("version %.12s does not compile any more: %w", hash, firstError(findings))}
	}
	l := &loaded{w, v.Number}
	c.workspaces[hash] = l
	return l, nil
}

func firstError(findings []finding.Finding) error {
	for _, f := range findings {
		if f.Severity == finding.Error {
			return fmt.Errorf("%s:%d: %s", f.File, f.Line, f.Text)
		}
	}
	return errors.New("it has no germane.yaml")
}
