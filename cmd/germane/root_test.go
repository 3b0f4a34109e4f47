package main

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestEveryCommandExplainsItself wants a line and an example of every command.
func TestEveryCommandExplainsItself(t *testing.T) {
	t.Parallel()
	var look func(c *cobra.Command)
	look = func(c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s says %q", c.CommandPath(), c.Short)
		}
		if !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("%s has no example of itself", c.CommandPath())
		}
		for _, below := range c.Commands() {
			look(below)
		}
	}
	look(newRoot(&system{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard}))
}
