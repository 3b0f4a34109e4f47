package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"germane/internal/finding"
	"germane/render"
	"germane/templates"
)

// goldenCase is one case of a golden-liquid file.
type goldenCase struct {
	Name      string            `json:"name"`
	Template  string            `json:"template"`
	Data      json.RawMessage   `json:"data"`
	Templates map[string]string `json:"templates"` // partials by name
	Result    *string           `json:"result"`
	Results   []string          `json:"results"` // any of them passes
	Invalid   bool              `json:"invalid"` // has to be refused, when compiled or when executed
}

// outcome is a line of the program's output.
type outcome struct {
	Name  string `json:"name"`
	Pass  bool   `json:"pass"`
	Got   string `json:"got"`
	Error string `json:"error"`

	panicked bool
}

// runWithin runs the case, and gives up on it after a time; its goroutine is left behind then.
func (c *goldenCase) runWithin(limit time.Duration) outcome {
	done := make(chan outcome, 1)
	go func() { done <- c.run() }()
	select {
	case o := <-done:
		return o
	case <-time.After(limit):
		return outcome{Name: c.Name, Error: fmt.Sprintf("took longer than %v", limit)}
	}
}

func (c *goldenCase) run() (o outcome) {
	o.Name = c.Name
	defer func() {
		if p := recover(); p != nil {
			o.Pass, o.Error, o.panicked = false, fmt.Sprintf("panic: %v", p), true
		}
	}()
	got, err := c.render()
	o.Got = got
	if err != nil {
		o.Error = err.Error()
		o.Pass = c.Invalid
		return o
	}
	o.Pass = !c.Invalid && (c.Result != nil && got == *c.Result || slices.Contains(c.Results, got))
	return o
}

func (c *goldenCase) render() (string, error) {
	var data render.Value
	if len(c.Data) > 0 {
		var err error
		if data, err = render.FromJSON(c.Data); err != nil {
			return "", err
		}
	}
	source, err := parse(c.Name, c.Template)
	if err != nil {
		return "", err
	}
	partials := make(map[string]render.OpenSource, len(c.Templates))
	for name, text := range c.Templates {
		if partials[name], err = parse(name, text); err != nil {
			return "", err
		}
	}
	program, findings := render.CompileOpen(source, partials)
	if err := firstFinding(findings); err != nil {
		return "", err
	}
	return program.Execute(data, time.Now().UTC(), render.DefaultLimits())
}

func parse(name, text string) (render.OpenSource, error) {
	file := finding.NewFile(name, text)
	tokens, findings := templates.Lex(file.All())
	nodes, more := templates.Parse(tokens, templates.Standard)
	return render.OpenSource{File: file, Nodes: nodes}, firstFinding(append(findings, more...))
}

func firstFinding(findings []finding.Finding) error {
	if len(findings) == 0 {
		return nil
	}
	f := findings[0]
	return fmt.Errorf("%s:%d:%d: %s: %s", f.File, f.Line, f.Column, f.Code, f.Text)
}
