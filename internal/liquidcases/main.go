// Command liquidcases runs files of golden-liquid cases through open mode, Liquid as Shopify defines it. It holds the runner
// only: templates and render do the work.
//
//	go run ./internal/liquidcases FILE…
//
// Standard output gets one JSON object per case, in the files' order; standard error a summary. A panic, or a case that takes
// too long, is a case that fails. The exit code is 0, or 2 if a file cannot be read.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

const caseTime = 5 * time.Second

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(paths []string, stdout, stderr io.Writer) int {
	if len(paths) == 0 {
		fmt.Fprintln(stderr, "liquidcases: error: no file given")
		fmt.Fprintln(stderr, "liquidcases: hint: go run ./internal/liquidcases FILE…")
		return 2
	}
	var cases []goldenCase
	for _, path := range paths {
		more, err := readCases(path)
		if err != nil {
			fmt.Fprintf(stderr, "liquidcases: error: %v\n", err)
			return 2
		}
		cases = append(cases, more...)
	}
	out := bufio.NewWriter(stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	var sum summary
	for i := range cases {
		o := cases[i].runWithin(caseTime)
		sum.add(&cases[i], o)
		if err := encoder.Encode(o); err != nil {
			fmt.Fprintf(stderr, "liquidcases: error: write result: %v\n", err)
			return 2
		}
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintf(stderr, "liquidcases: error: write results: %v\n", err)
		return 2
	}
	fmt.Fprint(stderr, sum.String())
	return 0
}

func readCases(path string) ([]goldenCase, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read cases: %w", err)
	}
	var file struct{ Tests []goldenCase }
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("read cases of %s: %w", path, err)
	}
	return file.Tests, nil
}

// summary counts cases that have a result, and cases that have to be refused.
type summary struct{ valid, validPassed, refused, refusedPassed, panics int }

func (s *summary) add(c *goldenCase, o outcome) {
	passed := 0
	if o.Pass {
		passed = 1
	}
	if c.Invalid {
		s.refused++
		s.refusedPassed += passed
	} else {
		s.valid++
		s.validPassed += passed
	}
	if o.panicked {
		s.panics++
	}
}

func (s *summary) String() string {
	return fmt.Sprintf("valid %d/%d (%.2f%%), must be refused %d/%d (%.2f%%), panics %d\n",
		s.validPassed, s.valid, percent(s.validPassed, s.valid), s.refusedPassed, s.refused, percent(s.refusedPassed, s.refused), s.panics)
}

func percent(part, whole int) float64 {
	if whole == 0 {
		return 100
	}
	return 100 * float64(part) / float64(whole)
}
