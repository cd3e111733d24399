package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"commonseed/publish"
	"commonseed/seed"
)

// maxStatus bounds what is read of an answer, in bytes.
const maxStatus = 16 << 20

type statusCmd struct {
	Channel string `arg:"" optional:"" help:"A channel that is seeded (default: this folder if it is one, else ./commonseed-channel)."`
}

// noSeederError is a channel whose seeder does not answer.
type noSeederError struct {
	dir string
	err error
}

func (e *noSeederError) Error() string {
	if errors.Is(e.err, fs.ErrPermission) {
		return fmt.Sprintf("%s is seeded by another user", e.dir)
	}
	return fmt.Sprintf("nobody seeds %s at present", e.dir)
}
func (e *noSeederError) Unwrap() error { return e.err }

func (e *noSeederError) hint() string {
	if errors.Is(e.err, fs.ErrPermission) {
		return "ask as that user, or with sudo"
	}
	return "start it: commonseed seed " + e.dir
}

func (c *statusCmd) Run(e *env) error {
	dir := channelDir(c.Channel)
	if !publish.IsChannel(dir) {
		if _, err := publish.OpenChannel(dir, nil); err != nil {
			return err
		}
		return &noChannelError{dir}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	var st seederStatus
	var list releaseList
	if err := askSeeder(e.ctx, dir, map[string]any{"/api/status": &st, "/api/releases": &list}); err != nil {
		return err
	}
	if e.json {
		e.object(struct {
			MessageType string `json:"message_type"`
			seederStatus
			List    []seed.Status `json:"list"`
			Omitted int           `json:"omitted"`
		}{"seeder", st, list.Releases, list.Omitted})
		return nil
	}
	e.seederStatus(st, list)
	return nil
}

// askSeeder asks the seeder of a channel, and decodes its answers by path.
func askSeeder(ctx context.Context, dir string, answers map[string]any) error {
	state := (&publish.Channel{Dir: dir}).State()
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return dialStatus(state) },
	}}
	defer client.CloseIdleConnections()
	for path, answer := range answers {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://commonseed"+path, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return &noSeederError{dir, err}
		}
		err = json.NewDecoder(io.LimitReader(response.Body, maxStatus)).Decode(answer)
		response.Body.Close()
		if err != nil {
			return &noSeederError{dir, fmt.Errorf("%s: %w", path, err)}
		}
	}
	return nil
}

// listed is how many releases are told of where not all were asked for.
const listed = 10

// seederStatus tells how a seeder does, problems first.
func (e *env) seederStatus(st seederStatus, list releaseList) {
	for _, p := range st.Problems {
		e.result("problem    %s", p)
	}
	for _, r := range list.Releases {
		if r.State == seed.Failed {
			e.result("problem    %s is not served: %s", r.Title, r.Reason)
		}
	}
	for _, a := range st.Advice {
		e.result("advice     %s", a)
	}
	if !st.Ready {
		e.result("starting   %s so far", count(st.Torrents, "release"))
	}
	e.result("seeding    %s, %s, at %s", statesText(st.Releases), bytesText(st.Size), st.HTTP)
	for _, c := range st.Channels {
		e.result("channel    %s (%s)", c.Dir, count(c.Releases, "release"))
	}
	e.result("upload     %s/s to %s, %d waiting; %s", bytesText(int64(st.Rate)), count(st.Peers, "peer"), st.Waiting,
		limitText(st.Limits.Upload))
	e.result("sent       %s since %s", bytesText(st.Uploaded), minute(st.Since))
	e.waysIn(st)
	shown := 0
	for _, r := range list.Releases {
		if r.State != seed.Failed && (shown < listed || e.verbose) {
			e.result("  %s", liveLine(r))
			shown++
		}
	}
	hint := ""
	if !e.verbose && len(list.Releases) > listed {
		hint = "; -v lists them"
	}
	if rest := st.Torrents - shown - st.Releases[seed.Failed]; rest > 0 {
		e.result("  and %d more%s", rest, hint)
	}
}

// waysIn tells how others find and reach the seeder.
func (e *env) waysIn(st seederStatus) {
	e.result("reachable  %s", st.Reach)
	if st.External != "" {
		e.result("address    %s, as trackers see it", st.External)
	}
	for _, p := range st.Ports {
		e.result("port       %s", p)
	}
	for _, t := range st.Trackers[:min(len(st.Trackers), listed)] {
		e.result("tracker    %s %s", t.name(), t.state())
	}
	if rest := len(st.Trackers) + st.Unnamed - listed; rest > 0 {
		e.result("tracker    and %d more", rest)
	}
}

func statesText(states map[seed.State]int) string {
	text := count(states[seed.Seeding], "release")
	if n := states[seed.Checking]; n > 0 {
		text += fmt.Sprintf(", %d being checked", n)
	}
	if n := states[seed.Failed]; n > 0 {
		text += fmt.Sprintf(", %d not served", n)
	}
	return text
}
