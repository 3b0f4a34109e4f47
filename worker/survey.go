package worker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"germane/store"
	"germane/token"
)

// Survey is what a run would be, found by going through everybody once. Nothing is written.
type Survey struct {
	People  int64            // looked at
	Members int64            // of the audience
	Mail    int64            // who would be mailed now, as far as can be known before claiming: caps are looked at then
	HeldOut int64            // for measuring
	Skipped map[string]int64 // by reason
	Blocks  []BlockCount     // of those who would be mailed
	Chunks  []store.Chunk    // slices of the audience

	// Of a dry run:
	Rendered, Bytes, Largest int64     // mails, their bytes together, and those of the largest
	Problems                 []Problem // the first few
	Failed                   int64
}

// BlockCount says how many people would see each variant of a block.
type BlockCount struct {
	Block    string
	Variants []VariantCount // in the order of the block
}

// VariantCount is how many people would see a variant.
type VariantCount struct {
	Variant string
	People  int64
}

// Problem is somebody whose mail cannot be made.
type Problem struct{ Person, Text string } // the person's id

// Surveying is how a survey is made.
type Surveying struct {
	Rules    Rules
	When     When        // the zero value: now, by hand
	Limit    int64       // the audience ends after so many mails; 0: all of it
	Render   bool        // make every mail, as a dry run does
	Keys     *token.Keys // for the addresses in them
	Now      func() time.Time
	Progress func(people, of int64) // nil: nobody watches
}

const maxProblems = 20

// surveyor is a survey under way.
type surveyor struct {
	how     Surveying
	content *Content
	decider *decider
	letter  *Letter
	job     job
	survey  *Survey
	cutter  *cutter
}

// NewSurvey goes through everybody.
func NewSurvey(ctx context.Context, s store.People, c *Content, how Surveying) (*Survey, error) {
	if how.When.Due.IsZero() {
		how.When.Due = how.Now()
	}
	v := &surveyor{how: how, content: c, decider: newDecider(c, how.When, how.Rules), survey: &Survey{Skipped: map[string]int64{}}}
	v.cutter = newCutter(c, how.When)
	if how.Render {
		v.letter = NewLetter(how.Keys)
	}
	for _, block := range c.Message.Chooser.Blocks() {
		count := BlockCount{Block: block.Name}
		for i := range block.Variants {
			count.Variants = append(count.Variants, VariantCount{Variant: block.Variants[i].Name})
		}
		v.survey.Blocks = append(v.survey.Blocks, count)
	}
	census, err := s.Census(ctx)
	if err != nil {
		return nil, err
	}
	for p, err := range s.EachPerson(ctx, census.Within) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("survey the audience: %w", err)
		}
		if v.person(p); how.Limit > 0 && v.survey.Mail >= how.Limit {
			break
		}
		if how.Progress != nil && v.survey.People%1000 == 0 {
			how.Progress(v.survey.People, census.People)
		}
	}
	v.survey.Chunks = v.cutter.done()
	return v.survey, nil
}

func (v *surveyor) person(p *store.Person) {
	v.survey.People++
	if !v.decider.decide(&v.job, p, v.how.Now()) {
		return
	}
	v.survey.Members++
	v.count()
	v.cutter.add(p, v.decider.zones.Of(p.TimeZone))
}

func (v *surveyor) count() {
	j, s := &v.job, v.survey
	switch {
	case j.decision.State == store.Skipped:
		s.Skipped[j.decision.Reason]++
		return
	case j.decision.State == store.HeldOut:
		s.HeldOut++
		return
	case j.fail != "":
		v.problem(j.fail)
		return
	}
	s.Mail++
	for i := range j.choices {
		s.Blocks[j.choices[i].Block].Variants[j.choices[i].Variant].People++
	}
	if v.letter != nil {
		v.render()
	}
}

func (v *surveyor) render() {
	defer func() {
		if r := recover(); r != nil {
			v.problem(ReasonPanic + brief(fmt.Sprint(r)))
		}
	}()
	mail, _, err := v.letter.write(v.content, 1, &v.job)
	if err == nil {
		err = tooLarge(mail)
	}
	if err != nil {
		v.problem(brief(err.Error()))
		return
	}
	size := int64(len(mail.Bytes))
	v.survey.Rendered, v.survey.Bytes, v.survey.Largest = v.survey.Rendered+1, v.survey.Bytes+size, max(v.survey.Largest, size)
}

func (v *surveyor) problem(text string) {
	v.survey.Failed++
	if len(v.survey.Problems) < maxProblems {
		v.survey.Problems = append(v.survey.Problems, Problem{v.job.person.ID, text})
	}
}

// Reasons lists why people would be skipped, the most frequent first.
func (s *Survey) Reasons() []string {
	var reasons []string
	for reason := range s.Skipped {
		reasons = append(reasons, reason)
	}
	slices.SortFunc(reasons, func(a, b string) int { return cmp.Or(cmp.Compare(s.Skipped[b], s.Skipped[a]), cmp.Compare(a, b)) })
	return reasons
}
