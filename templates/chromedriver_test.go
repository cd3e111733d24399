package templates

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"commonseed/internal/peers"
)

// browser is a headless Chromium, driven over WebDriver (W3C, 2018).
type browser struct {
	t       *testing.T
	session string // URL of the session
	client  http.Client
}

// newBrowser starts chromedriver on a free port and one browser with it, and
// ends both with the test.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	peers.Need(t, "chromium", "chromedriver")
	profile, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(profile) }) // runs last: the browser may write to its end
	driver := exec.Command("chromedriver", "--port=0")
	out, err := driver.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := driver.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		driver.Process.Kill()
		driver.Wait()
	})
	b := &browser{t: t, client: http.Client{Timeout: 30 * time.Second}}
	address := "http://127.0.0.1:" + driverPort(t, bufio.NewScanner(out))
	var reply struct{ SessionID string }
	b.post(address+"/session", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"goog:loggingPrefs": map[string]any{"browser": "ALL"},
		"goog:chromeOptions": map[string]any{"args": []string{
			"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync", "--hide-scrollbars", "--mute-audio", "--user-data-dir=" + profile,
		}},
	}}}, &reply)
	b.session = address + "/session/" + reply.SessionID
	t.Cleanup(func() {
		request, _ := http.NewRequest(http.MethodDelete, b.session, nil)
		if response, err := b.client.Do(request); err == nil {
			response.Body.Close()
		}
		b.client.CloseIdleConnections()
	})
	return b
}

var startedForm = regexp.MustCompile(`started successfully on port (\d+)`)

func driverPort(t *testing.T, lines *bufio.Scanner) string {
	t.Helper()
	for lines.Scan() {
		if m := startedForm.FindStringSubmatch(lines.Text()); m != nil {
			return m[1]
		}
	}
	t.Fatal("chromedriver did not say its port")
	return ""
}

// post sends a command and decodes the value of its answer, unless nil.
func (b *browser) post(url string, body, value any) {
	b.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	response, err := b.client.Post(url, "application/json", bytes.NewReader(data))
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	var reply struct{ Value json.RawMessage }
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil {
		b.t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		b.t.Fatalf("%s: %s", url, reply.Value)
	}
	if value == nil {
		return
	}
	if err := json.Unmarshal(reply.Value, value); err != nil {
		b.t.Fatalf("%s: %v in %s", url, err, reply.Value)
	}
}

func (b *browser) open(url string) {
	b.t.Helper()
	b.post(b.session+"/url", map[string]any{"url": url}, nil)
}

// run runs the body of a function in the page and decodes what it returns.
func (b *browser) run(script string, value any, args ...any) {
	b.t.Helper()
	if args == nil {
		args = []any{}
	}
	b.post(b.session+"/execute/sync", map[string]any{"script": script, "args": args}, value)
}

// click clicks an element as a mouse does.
func (b *browser) click(selector string) {
	b.t.Helper()
	element := map[string]string{}
	b.post(b.session+"/element", map[string]any{"using": "css selector", "value": selector}, &element)
	for _, id := range element {
		b.post(b.session+"/element/"+id+"/click", map[string]any{}, nil)
	}
}

// key presses one key, given as WebDriver has it (§17.4.2: Tab is U+E004).
func (b *browser) key(key string) {
	b.t.Helper()
	b.post(b.session+"/actions", map[string]any{"actions": []any{map[string]any{"type": "key", "id": "keys", "actions": []any{
		map[string]any{"type": "keyDown", "value": key}, map[string]any{"type": "keyUp", "value": key},
	}}}}, nil)
}

func (b *browser) devtools(command string, params map[string]any) {
	b.t.Helper()
	b.post(b.session+"/goog/cdp/execute", map[string]any{"cmd": command, "params": params}, nil)
}

// resize makes the page's viewport so many CSS pixels wide, whatever the
// narrowest window is.
func (b *browser) resize(width, height int) {
	b.t.Helper()
	b.devtools("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
}

// scheme asks pages for their "light" or "dark" colours.
func (b *browser) scheme(name string) {
	b.t.Helper()
	b.devtools("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme", "value": name}}})
}

// allow grants a permission, "clipboard-read" for one.
func (b *browser) allow(permission string) {
	b.t.Helper()
	b.post(b.session+"/permissions", map[string]any{"descriptor": map[string]any{"name": permission}, "state": "granted"}, nil)
}

// complaints returns what the pages wrote to the console since the last call.
func (b *browser) complaints() []string {
	b.t.Helper()
	var entries []struct{ Level, Message string }
	b.post(b.session+"/se/log", map[string]any{"type": "browser"}, &entries)
	var out []string
	for _, e := range entries {
		out = append(out, fmt.Sprintf("%s: %s", e.Level, e.Message))
	}
	return out
}

// until waits for an expression to hold, five seconds at most.
func (b *browser) until(expression string) {
	b.t.Helper()
	for range 100 {
		var ok bool
		b.run("return Boolean("+expression+")", &ok)
		if ok {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.t.Errorf("never came true: %s", expression)
}
