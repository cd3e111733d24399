package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"commonseed/seed"
)

// metrics answers Prometheus in its text format, version 0.0.4
// (prometheus.io/docs/instrumenting/exposition_formats). Releases are told of one
// by one as long as they are few: each costs a time series.
func (s *server) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	v, r := s.view.Load(), s.engine.Report()
	m := exposition{w}
	m.gauge("commonseed_build_info", "Which program runs.", 1, "version", version(), "goversion", runtime.Version())
	m.counter("commonseed_uploaded_bytes_total", "Payload bytes sent to peers.", float64(r.Uploaded))
	m.gauge("commonseed_upload_bytes_per_second", "Payload bytes sent to peers per second, over the last few seconds.", r.Rate)
	m.gauge("commonseed_upload_limit_bytes_per_second", "The upload limit over all releases now; 0 is none.", float64(r.Limits.Upload))
	m.gauge("commonseed_peers", "Peers that are connected.", float64(r.Peers))
	m.gauge("commonseed_peers_waiting", "Peers that wait for an upload slot.", float64(r.Waiting))
	m.gauge("commonseed_upload_slots", "Upload slots.", float64(r.Slots))
	m.family("commonseed_releases", "gauge", "Releases by state.")
	for _, state := range []seed.State{seed.Seeding, seed.Checking, seed.Failed} {
		m.sample("commonseed_releases", float64(v.states[state]), "state", string(state))
	}
	m.gauge("commonseed_releases_awake", "Releases that have peers, or had some a moment ago.", float64(r.Awake))
	m.gauge("commonseed_payload_bytes", "Payload bytes of all releases.", float64(v.size))
	m.gauge("commonseed_problems", "Problems with channels and releases on disk.", float64(s.troubles()))
	if !r.Incoming.IsZero() {
		m.gauge("commonseed_last_incoming_timestamp_seconds", "When a peer last came in from beyond the local network.", seconds(r.Incoming))
	}
	s.trackerMetrics(m)
	processMetrics(m, s.begun)
	if v.omitted == 0 {
		releaseMetrics(m, v.shown)
	}
}

func (s *server) troubles() (n int) {
	for _, c := range s.channels {
		n += c.troubles()
	}
	return n
}

// trackerMetrics are about the embedded tracker.
func (s *server) trackerMetrics(m exposition) {
	st := s.track.Stats()
	m.gauge("commonseed_tracker_peers", "Peers that the embedded tracker remembers.", float64(st.Peers))
	m.counter("commonseed_tracker_announces_total", "Announces that the embedded tracker answered with peers.", float64(st.Announces))
	m.counter("commonseed_tracker_scrapes_total", "Scrapes that the embedded tracker answered.", float64(st.Scrapes))
	m.counter("commonseed_tracker_refusals_total", "Requests that the embedded tracker refused.", float64(st.Refusals))
}

func releaseMetrics(m exposition, all []seed.Status) {
	const sent, peers = "commonseed_release_uploaded_bytes_total", "commonseed_release_peers"
	m.family(sent, "counter", "Payload bytes of a release sent to peers.")
	for _, st := range all {
		m.sample(sent, float64(st.Uploaded), "slug", st.Slug, "infohash", st.Infohash)
	}
	m.family(peers, "gauge", "Peers of a release that are connected.")
	for _, st := range all {
		m.sample(peers, float64(st.Peers), "slug", st.Slug, "infohash", st.Infohash)
	}
}

// processMetrics have the names that Prometheus' own libraries give them.
func processMetrics(m exposition, begun time.Time) {
	m.gauge("process_start_time_seconds", "When the process began.", seconds(begun))
	m.gauge("go_goroutines", "Goroutines.", float64(runtime.NumGoroutine()))
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
		cpu := time.Duration(used.Utime.Nano() + used.Stime.Nano())
		m.counter("process_cpu_seconds_total", "CPU seconds.", cpu.Seconds())
	}
	// Linux alone has these. proc(5)
	if fields := procFields("/proc/self/statm"); len(fields) > 1 {
		if pages, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
			m.gauge("process_resident_memory_bytes", "Memory in use.", float64(pages*int64(os.Getpagesize())))
		}
	}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		m.gauge("process_open_fds", "Open file descriptors.", float64(len(open)-1)) // without the one that looks
	}
}

func procFields(file string) []string {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return strings.Fields(string(data))
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// exposition writes metrics as text.
type exposition struct{ io.Writer }

func (m exposition) gauge(name, help string, value float64, labels ...string) {
	m.family(name, "gauge", help)
	m.sample(name, value, labels...)
}

func (m exposition) counter(name, help string, value float64) {
	m.family(name, "counter", help)
	m.sample(name, value)
}

func (m exposition) family(name, kind, help string) {
	fmt.Fprintf(m, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// sample writes one value; labels are names and values in turn.
func (m exposition) sample(name string, value float64, labels ...string) {
	var pairs []string
	for i := 0; i < len(labels); i += 2 {
		pairs = append(pairs, labels[i]+`="`+labelEscapes.Replace(strings.ToValidUTF8(labels[i+1], "�"))+`"`)
	}
	if pairs != nil {
		name += "{" + strings.Join(pairs, ",") + "}"
	}
	fmt.Fprintf(m, "%s %s\n", name, strconv.FormatFloat(value, 'g', -1, 64))
}
