package audience

import (
	"fmt"
	"slices"
	"strings"

	"germane/internal/document"
	"germane/internal/finding"
)

// SegmentFormat reads segments.yaml: the rules are raw text.
var SegmentFormat = document.Format{RawTop: true}

// Segment is a named rule.
type Segment struct {
	Name  string
	Rule  *Rule        // nil: has mistakes that left nothing to evaluate
	Place finding.Text // its name in segments.yaml
}

// Segments is every named rule.
type Segments struct {
	segments []*Segment
	byName   map[string]*Segment
}

func (s *Segments) add(segment *Segment) {
	if s.byName == nil {
		s.byName = map[string]*Segment{}
	}
	s.segments = append(s.segments, segment)
	s.byName[segment.Name] = segment
}

// Segment returns a segment. Nil segments hold none.
func (s *Segments) Segment(name string) (*Segment, bool) {
	if s == nil {
		return nil, false
	}
	segment, ok := s.byName[name]
	return segment, ok
}

// All returns every segment in the order of the file.
func (s *Segments) All() []*Segment {
	if s == nil {
		return nil
	}
	return s.segments
}

// Names returns the segments' names in the order of the file.
func (s *Segments) Names() []string {
	names := make([]string, 0, len(s.All()))
	for _, segment := range s.All() {
		names = append(names, segment.Name)
	}
	return names
}

// Scope is what a rule may name.
type Scope struct {
	Catalogue *Catalogue
	Segments  *Segments
	Topics    []string // names, as germane.yaml declares them

	reading *segmentReader // set while segments.yaml is read
}

// ReadSegments reads segments.yaml against a scope's catalogue and topics. A segment may use others, before or after it in the
// file; one that leads back to itself is a finding where it does.
func ReadSegments(doc *document.Node, scope *Scope) (*Segments, []finding.Finding) {
	sr := &segmentReader{texts: map[string]finding.Text{}, state: map[string]readState{}, segments: &Segments{}}
	sr.scope = &Scope{Catalogue: scope.Catalogue, Topics: scope.Topics, Segments: sr.segments, reading: sr}
	r := &document.Reader{}
	for _, pair := range r.Map(doc, "the list of segments").Node().Pairs {
		text, ok := segmentText(r, pair)
		if r.Name(pair.Key, "a segment") && ok {
			sr.texts[pair.Key.S] = text
			sr.segments.add(&Segment{Name: pair.Key.S, Place: pair.Key})
		}
	}
	for _, segment := range sr.segments.segments {
		sr.read(segment)
	}
	return sr.segments, append(r.Findings, sr.findings...)
}

// segmentText returns a segment's rule; nothing at all is an empty rule, which ParseRule reports.
func segmentText(r *document.Reader, pair document.Pair) (finding.Text, bool) {
	switch pair.Value.Kind {
	case document.Scalar:
		return pair.Value.Text, true
	case document.Null:
		return pair.Key.Slice(len(pair.Key.S), len(pair.Key.S)), true
	}
	r.Add(pair.Value.Text.Whole("wrong-shape", "a segment is a rule, but this is "+pair.Value.Kind.String(), "write the rule on the same line: heavy: projects_30d >= 10"))
	return finding.Text{}, false
}

type readState uint8

const (
	notRead readState = iota
	beingRead
	alreadyRead
)

// segmentReader reads segments in the order they need each other.
type segmentReader struct {
	scope    *Scope
	segments *Segments
	texts    map[string]finding.Text
	state    map[string]readState
	path     []string // segments being read, outermost first
	findings []finding.Finding
}

// maxSegmentPath bounds how deep segments may be made of segments.
const maxSegmentPath = 32

func (sr *segmentReader) read(segment *Segment) {
	if sr.state[segment.Name] != notRead {
		return
	}
	sr.state[segment.Name] = beingRead
	sr.path = append(sr.path, segment.Name)
	rule, findings := ParseRule(sr.texts[segment.Name], sr.scope)
	segment.Rule = rule
	sr.findings = append(sr.findings, findings...)
	sr.path = sr.path[:len(sr.path)-1]
	sr.state[segment.Name] = alreadyRead
}

// need reads a segment that another one names; a finding's sentence and hint say why that is not possible.
func (sr *segmentReader) need(segment *Segment) (code finding.Code, text, hint string) {
	if sr.state[segment.Name] == beingRead {
		at := slices.Index(sr.path, segment.Name)
		circle := strings.Join(append(slices.Clone(sr.path[at:]), segment.Name), " → ")
		return "segment-cycle", fmt.Sprintf("segment %s is made of itself: %s", segment.Name, circle), "write one of these rules without the others"
	}
	if len(sr.path) >= maxSegmentPath {
		return "rule-too-deep", fmt.Sprintf("segments are made of segments more than %d deep here", maxSegmentPath), "write the rule of the innermost segment out"
	}
	sr.read(segment)
	return "", "", ""
}
