package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
)

// confirm asks a question to which only yes means yes; --yes has answered it already. Without a yes it returns an error.
func (sys *system) confirm(ctx context.Context, yes bool, question string) error {
	if yes {
		return nil
	}
	fmt.Fprintf(sys.stderr, "%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() { // reading cannot be interrupted: whoever presses Ctrl-C does not wait for it
		line, _ := bufio.NewReader(sys.stdin).ReadString('\n')
		answer <- line
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(sys.stderr)
		return ctx.Err()
	case line := <-answer:
		switch strings.ToLower(strings.TrimSpace(line)) {
		case "y", "yes":
			return nil
		case "":
			if line == "" {
				fmt.Fprintln(sys.stderr)
				return hint(errors.New("nobody answered, and nothing was changed"), "--yes answers it beforehand")
			}
		}
		return errors.New("nothing was changed")
	}
}
