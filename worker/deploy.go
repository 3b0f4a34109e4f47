package worker

import (
	"context"
	"time"

	"germane/store"
	"germane/workspace"
)

// Deploy stores a workspace without errors as a version, and makes it the current one. The same content is the same version.
func Deploy(ctx context.Context, s store.Versions, w *workspace.Workspace, now time.Time) (*store.Version, error) {
	v := Version(w)
	v.Deployed = now
	return v, s.Deploy(ctx, v)
}

// Version is a workspace as it is stored. Its number is not known before it is deployed.
func Version(w *workspace.Workspace) *store.Version {
	v := &store.Version{Hash: w.VersionHash(), Format: workspace.Format, Files: map[string][]byte{}}
	for _, f := range w.Files {
		v.Files[f.Name] = f.Data
	}
	for _, asset := range w.PublicAssets() {
		v.Assets = append(v.Assets, store.Asset(asset))
	}
	for number, campaign := range w.Campaigns {
		message, ok := w.CampaignMessage(campaign.Name)
		if !ok {
			continue
		}
		for _, link := range message.Links {
			v.Links = append(v.Links, store.Link{Campaign: campaign.Name, Message: number, ID: link.ID, Block: link.Block, Variant: link.Variant, Parts: link.Parts})
		}
		for i, block := range message.Chooser.Blocks() {
			for j := range block.Variants {
				v.Variants = append(v.Variants, store.Variant{Campaign: campaign.Name, BlockNumber: i, Number: j, BlockName: block.Name, VariantName: block.Variants[j].Name})
			}
		}
	}
	return v
}
