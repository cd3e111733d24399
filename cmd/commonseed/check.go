package main

import (
	"fmt"
	"strings"

	"commonseed/publish"
)

type checkCmd struct {
	Paths []string `arg:"" optional:"" name:"path" help:"Media files or folders; without any, what commonseed.toml lists."`
	workFlags
	Channel string `placeholder:"DIR" help:"The channel that it would be published into."`
}

func (c *checkCmd) Run(e *env) error {
	p := publishCmd{Paths: c.Paths, workFlags: c.workFlags, Channel: c.Channel}
	_, plans, err := p.plan(e)
	if err != nil {
		return err
	}
	for _, plan := range plans {
		if e.json {
			e.plan(plan)
			continue
		}
		e.result("%s: ready to publish: %s, %s, %s", plan.Work.Title, count(len(plan.Files), "file"),
			bytesText(plan.Length()), plan.Work.License.Label)
		for _, s := range plan.Skipped {
			e.message("  left out: %s", s)
		}
	}
	return nil
}

// planLine is what a dry run prints for scripts.
type planLine struct {
	MessageType string     `json:"message_type"`
	Channel     string     `json:"channel"`
	Slug        string     `json:"slug"`
	Title       string     `json:"title"`
	Creator     string     `json:"creator"`
	License     string     `json:"license"`
	Name        string     `json:"name"`
	Length      int64      `json:"length"`
	PieceLength int64      `json:"piece_length"`
	Files       []planFile `json:"files"`
	Skipped     []string   `json:"skipped"`
}

type planFile struct {
	Path    string   `json:"path"`
	Source  string   `json:"source"`
	Size    int64    `json:"size"`
	License string   `json:"license,omitempty"`
	Stamp   []string `json:"stamp"`
}

// plan prints every decision about a work.
func (e *env) plan(p *publish.Plan) {
	line := planLine{"plan", p.Channel.Dir, p.Slug, p.Work.Title, p.Work.Creator, p.Work.License.URL, p.Name,
		p.Length(), p.PieceLength, nil, append([]string{}, p.Skipped...)}
	for _, f := range p.Files {
		file := planFile{Path: f.Path, Source: f.Abs, Size: f.Size(), Stamp: []string{}}
		if f.Stamp != nil {
			file.License, file.Stamp = f.Notice.License.URL, f.Stamp.Places
		}
		line.Files = append(line.Files, file)
	}
	if e.json {
		e.object(line)
		return
	}
	e.result("title    %s", p.Work.Title)
	e.result("notice   %s", p.Notice.Attribution())
	e.result("licence  %s", p.Work.License.Name)
	e.result("channel  %s", p.Channel.Dir)
	e.result("slug     %s", p.Slug)
	e.result("folder   %s", p.Name)
	e.result("pieces   of %s", bytesText(p.PieceLength))
	for _, f := range line.Files {
		label := "as it is"
		if len(f.Stamp) > 0 {
			label = strings.Join(f.Stamp, ", ")
		}
		if f.License != "" && f.License != line.License {
			label += fmt.Sprintf("  (%s)", f.License)
		}
		e.result("file     %s  %s  %s", f.Path, bytesText(f.Size), label)
	}
	for _, s := range p.Skipped {
		e.result("left out %s", s)
	}
	e.message("nothing was written")
}
