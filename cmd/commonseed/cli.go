package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"commonseed/publish"

	"github.com/alecthomas/kong"
)

// cli is the grammar of the command line.
type cli struct {
	Config  string           `placeholder:"FILE" help:"Read this commonseed.toml instead of those found."`
	JSON    bool             `name:"json" help:"Print results as JSON, one object a line."`
	Quiet   bool             `short:"q" help:"Print results and errors only."`
	Verbose bool             `short:"v" help:"Say more about what is done."`
	Color   string           `enum:"auto,always,never" default:"auto" help:"Colour messages: ${enum}."`
	Version kong.VersionFlag `help:"Print the version and exit."`

	Publish    publishCmd    `cmd:"" help:"Package, stamp, build torrent and feeds, then seed until stopped."`
	Seed       seedCmd       `cmd:"" help:"Seed everything in the channels until stopped."`
	Status     statusCmd     `cmd:"" help:"Say what the running seeder of a channel is doing."`
	Init       initCmd       `cmd:"" help:"Make a channel with a commented commonseed.toml."`
	Check      checkCmd      `cmd:"" help:"Say what would go wrong with a publish; write nothing."`
	Show       showCmd       `cmd:"" help:"Show licence and facts of a file, torrent, release or feed."`
	Verify     verifyCmd     `cmd:"" help:"Check as a stranger would that stamps, hashes, torrent and feed agree."`
	Stamp      stampCmd      `cmd:"" help:"Stamp copies of files with a licence, without publishing."`
	Tracker    trackerCmd    `cmd:"" help:"Run the tracker alone, for the torrents named."`
	Feed       feedCmd       `cmd:"" help:"Rebuild feeds and pages from the releases."`
	Completion completionCmd `cmd:"" help:"Print a completion script for a shell."`
}

// workFlags describe a work; they win over every commonseed.toml.
type workFlags struct {
	License        string   `short:"l" placeholder:"LICENCE" help:"The licence: cc-by-sa-4.0, CC0, a URL, an SPDX id."`
	Title          string   `short:"t" help:"The title of the work."`
	Creator        string   `short:"c" placeholder:"NAME" help:"Who made it, as they want to be credited."`
	Date           string   `placeholder:"DATE" help:"When it was made: 2026, 2026-05 or 2026-05-01."`
	Description    string   `placeholder:"TEXT" help:"What it is, in plain text."`
	Language       string   `placeholder:"TAG" help:"The work's language, like en or pt-BR."`
	Slug           string   `placeholder:"SLUG" help:"The release's name in addresses."`
	SourceURL      string   `placeholder:"URL" help:"Where the work comes from."`
	AttributionURL string   `placeholder:"URL" help:"Where a credit should link to."`
	Cover          string   `placeholder:"PATH" help:"The cover image, as a path inside the release."`
	Tag            []string `placeholder:"TAG" help:"A keyword; may be given again."`
	PieceLength    string   `placeholder:"SIZE" help:"The torrent's piece length, like 1MiB: a power of two from 16KiB to 16MiB (default: chosen)."`
	Allow          []string `placeholder:"LINT" help:"Overrule a doubt by its name; may be given again."`
}

func (f workFlags) description() publish.Description {
	d := publish.Description{Title: f.Title, Creator: f.Creator, License: f.License, Description: f.Description,
		Language: f.Language, Slug: f.Slug, SourceURL: f.SourceURL, AttributionURL: f.AttributionURL, Cover: f.Cover,
		Tags: f.Tag, Allow: f.Allow}
	if f.Date != "" {
		d.Date = f.Date
	}
	if f.PieceLength != "" {
		d.PieceLength = f.PieceLength
	}
	return d
}

// serveFlags say how releases are served while they are seeded.
type serveFlags struct {
	HTTP     string `name:"http" placeholder:"ADDR" help:"Serve feeds, pages and payload here; port 0 picks a free one (default ${http})."`
	PeerPort *int   `placeholder:"N" help:"Listen for peers on this port; 0 picks a free one (default ${peer_port})."`
	Status   string `placeholder:"ADDR" help:"Serve a live page and metrics here, for this machine alone, like 127.0.0.1:7449."`
	Log      string `placeholder:"FORMAT" enum:",text,json" default:"" help:"Write log lines to stderr instead of messages: text or json."`
}

// env is what a command works with: nothing else reaches the outside.
type env struct {
	*report
	ctx context.Context
	cli *cli
	now func() time.Time
	app *kong.Kong
}

// version is what the build says of itself.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "0.1.0-dev"
}

// createdBy names the program in what it writes.
func createdBy() string { return "commonseed " + version() }

// exitPanic carries kong's wish to exit out of its parser.
type exitPanic int

// run is the whole program between streams, and answers with the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, now func() time.Time) int {
	r := newReport(stdout, stderr)
	code := r.command(ctx, args, now)
	if err := r.stdout.lost(); err != nil && code == exitDone {
		return r.fail(fmt.Errorf("results could not be written: %w", err))
	}
	return code
}

// command parses the command line and carries it out. No panic leaves it.
func (r *report) command(ctx context.Context, args []string, now func() time.Time) (code int) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case exitPanic:
			code = int(p)
		default:
			code = r.fail(fmt.Errorf("%w: %v", errInternal, p))
		}
	}()
	c := &cli{}
	app, err := kong.New(c, kong.Name("commonseed"),
		kong.Description("Turn media files into a release that anyone may copy."),
		kong.Writers(r.stdout, r.stderr), kong.Exit(func(code int) { panic(exitPanic(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Vars{"version": createdBy(), "http": defaultHTTP, "peer_port": fmt.Sprint(defaultPeerPort)})
	if err != nil {
		return r.fail(err)
	}
	command, err := app.Parse(args)
	r.configure(c)
	if err != nil {
		r.foresee(args)
		return r.fail(&usageError{err})
	}
	err = command.Run(&env{report: r, ctx: ctx, cli: c, now: now, app: app})
	if err == nil {
		return exitDone
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		r.message("stopped; nothing half-made is left")
		return exitInterrupted
	}
	return r.fail(err)
}
