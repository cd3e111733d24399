package license

import "strings"

// A Policy is what a licence lets a stranger do with a work, and what it asks for.
// It is commonseed's short reading; the licence itself decides.
type Policy struct {
	Redistribute bool // a stranger may pass on verbatim copies
	Commercial   bool // … and use the work for money
	Adapt        bool // … and pass on changed versions
	Attribution  bool // whoever passes it on must give credit
	ShareAlike   bool // changed versions must carry the same licence

	Refused string // not "": commonseed neither publishes nor mirrors such a work, for this reason
	Warning string // not "": publish only if the creator insists, for this reason

	notes string // further conditions of this licence, one to a line
	parts bool   // changing means taking samples, not the whole
}

const nonCommercial = "NonCommercial: do not use it primarily to make money"

// with returns p with further conditions, each a sentence that begins with its own word and a colon.
func (p Policy) with(notes ...string) Policy {
	if p.notes != "" {
		notes = append([]string{p.notes}, notes...)
	}
	p.notes = strings.Join(notes, "\n")
	return p
}

// Policy returns what l allows. A licence that is not in the catalogue allows nothing.
func (l License) Policy() Policy {
	if i, ok := index().id[strings.ToLower(l.ID)]; ok {
		return index().policies[i]
	}
	return Policy{Refused: "its licence is not known"}
}

func ccPolicy(unit string) Policy {
	switch unit {
	case "zero", "mark", "certification":
		return anything
	case "devnations":
		p := Policy{Adapt: true, Commercial: true, Attribution: true,
			Refused: "the Developing Nations licence holds in developing nations only, and a torrent reaches everywhere"}
		return p.with("Developing nations only: nothing is allowed anywhere else")
	case "sampling":
		p := Policy{Adapt: true, Commercial: true, Attribution: true, parts: true,
			Refused: "the Sampling licence lets people take samples, but not pass on the whole work"}
		return p.with("No advertising: do not use samples to promote anything but the new work")
	case "sampling+":
		p := Policy{Redistribute: true, Adapt: true, Attribution: true, parts: true,
			Warning: "whole copies may be passed on non-commercially only, and changed ones only as samples in a new work"}
		return p.with("NonCommercial copies: do not make money with copies of the whole work",
			"No advertising: do not use samples to promote anything but the new work")
	case "nc-sampling+":
		p := Policy{Redistribute: true, Adapt: true, Attribution: true, parts: true,
			Warning: "whole copies and samples may be passed on non-commercially only, and changed ones only as samples in a new work"}
		return p.with(nonCommercial)
	}
	has := words(strings.ReplaceAll(unit, "-", " "))
	return Policy{Redistribute: true, Commercial: !has["nc"], Adapt: !has["nd"], Attribution: has["by"], ShareAlike: has["sa"]}
}

// May says in plain words what a stranger is free to do: sentences that begin with a word and a colon.
func (p Policy) May() []string {
	var out []string
	money := ", even commercially"
	if !p.Commercial {
		money = ", but not commercially"
	}
	if p.Redistribute {
		out = append(out, "Share: copy and redistribute it in any medium or format"+money)
	}
	switch {
	case p.Adapt && p.parts:
		out = append(out, "Sample: use parts of it in a new work of your own")
	case p.Adapt:
		out = append(out, "Adapt: remix it, change it and build upon it"+money)
	}
	return out
}

// Must says in plain words what the licence asks for, in the same form as May. It is empty for the public domain.
func (p Policy) Must() []string {
	var out []string
	if p.Attribution {
		out = append(out, "Give credit: name the creator, link to the licence, and say if you changed anything")
	}
	if p.Redistribute && !p.Commercial && !p.parts {
		out = append(out, nonCommercial)
	}
	if p.Redistribute && !p.Adapt {
		out = append(out, "No changes: if you remix or change it, keep the result to yourself")
	}
	if p.ShareAlike {
		out = append(out, "Share alike: publish what you make from it under the same licence")
	}
	if p.notes != "" {
		out = append(out, strings.Split(p.notes, "\n")...)
	}
	return out
}
