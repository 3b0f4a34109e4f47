package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is what a build knows of itself.
type version struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersion(sys *system, o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print which build this is",
		Long:  "Print which build this is: its version, the revision it was made of, Go's version and the platform.",
		Example: `  germane version
  germane version --json`,
		Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			v := readVersion()
			if o.json {
				return printJSON(sys.stdout, v)
			}
			text := "germane " + v.Version
			if v.Revision != "" {
				text += " (" + v.Revision[:min(12, len(v.Revision))] + ")"
			}
			_, err := fmt.Fprintf(sys.stdout, "%s %s %s\n", text, v.Go, v.Platform)
			return err
		},
	}
}

func readVersion() version {
	v := version{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			v.Revision = setting.Value
		case "vcs.modified":
			v.Modified = setting.Value == "true"
		}
	}
	return v
}
