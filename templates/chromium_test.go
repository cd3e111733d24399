package templates

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"commonseed/feed"
)

// site writes the pages of the records with real media behind them, and serves
// them on loopback. The pages are below /<slug>/ and at /.
func site(t *testing.T, rels ...feed.Release) string {
	t.Helper()
	root := t.TempDir()
	ch := sampleChannel()
	writeSite(t, filepath.Join(root, "index.html"), []byte(channelPage(t, ch, rels...)))
	for _, r := range rels {
		writeSite(t, filepath.Join(root, r.Slug, "index.html"), []byte(releasePage(t, ch, r)))
		for _, f := range r.Files {
			data := []byte("text")
			switch kindOf(f.Type) {
			case "image":
				data = picture(t)
			case "audio":
				data = beep()
			}
			writeSite(t, filepath.Join(root, r.Slug, "files", r.Torrent.Name, f.Path), data)
		}
	}
	server := httptest.NewServer(http.FileServer(http.Dir(root)))
	t.Cleanup(server.Close)
	return server.URL + "/"
}

func writeSite(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func picture(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 300, 200))
	for x := range 300 {
		for y := range 200 {
			img.Set(x, y, color.RGBA{uint8(x), uint8(y), 120, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// beep is a fifth of a second of silence as WAV: 8 kHz, one channel, 8 bits.
func beep() []byte {
	samples := bytes.Repeat([]byte{128}, 1600)
	var b bytes.Buffer
	b.WriteString("RIFF")
	binary.Write(&b, binary.LittleEndian, uint32(36+len(samples)))
	b.WriteString("WAVEfmt ")
	binary.Write(&b, binary.LittleEndian, []uint16{16, 0, 1, 1, 8000, 0, 8000, 0, 1, 8})
	b.WriteString("data")
	binary.Write(&b, binary.LittleEndian, uint32(len(samples)))
	b.Write(samples)
	return b.Bytes()
}

// beeps is an album of three tracks that every Chromium plays.
func beeps() feed.Release {
	r := sample(20, "Beeps", ccBySA, "1.wav", "2.wav", "3.wav", "Cover.jpg")
	for i := range 3 {
		r.Files[i].Type = "audio/wav"
	}
	r.Cover = "Cover.jpg"
	return r
}

// One browser serves all checks: starting it costs more than they do.
func TestInChromium(t *testing.T) {
	b := newBrowser(t)
	for _, c := range []struct {
		name  string
		check func(t *testing.T, b *browser)
	}{
		{"layout", pagesFitTheWindow},
		{"copying", attributionIsCopiedInOneClick},
		{"tracks", playerGoesOnToTheNextTrack},
		{"contrast", textsAreReadable},
		{"focus", focusShows},
		{"no script", everythingIsThereWithoutScript},
	} {
		t.Run(c.name, func(t *testing.T) {
			own := *b
			own.t = t
			c.check(t, &own)
		})
	}
}

func pagesFitTheWindow(t *testing.T, b *browser) {
	records := odd()
	delete(records, "lecture") // its videos are no real ones
	rels := []feed.Release{beeps()}
	for _, r := range records {
		rels = append(rels, r)
	}
	home := site(t, rels...)
	pages := []string{home}
	for _, r := range rels {
		pages = append(pages, home+r.Slug+"/")
	}
	for _, page := range pages {
		b.open(page)
		for _, width := range []int{360, 768, 1280} {
			b.resize(width, 800)
			checkLayout(t, b, fmt.Sprintf("%s at %d", strings.TrimPrefix(page, home), width), width)
		}
	}
	if got := b.complaints(); got != nil {
		t.Errorf("the console says %q", got)
	}
}

func checkLayout(t *testing.T, b *browser, where string, width int) {
	t.Helper()
	var got struct {
		Inner, Scroll int
		Wide          []string
	}
	b.run(`
		document.querySelectorAll("details").forEach(d => { d.open = true; });
		const wide = [];
		for (const e of document.body.querySelectorAll("a, p, li, h1, h2, h3, h4, td, th, button, img, audio, video, dd")) {
			const box = e.getBoundingClientRect();
			if (box.width && !e.closest(".skip, .unseen, thead, [aria-hidden=true]") && (box.right > innerWidth + 1 || box.left < -1)) {
				wide.push(e.tagName + " " + e.className + ": " + e.textContent.slice(0, 40));
			}
		}
		return {Inner: innerWidth, Scroll: document.documentElement.scrollWidth, Wide: wide};`, &got)
	if got.Inner != width || got.Scroll > got.Inner {
		t.Errorf("%s: the page is %d wide in a window of %d", where, got.Scroll, got.Inner)
	}
	if len(got.Wide) > 0 {
		t.Errorf("%s: reaches out of the window: %.300q", where, got.Wide)
	}
}

func attributionIsCopiedInOneClick(t *testing.T, b *browser) {
	home := site(t, song())
	notice, err := song().Notice(song().PageURL(base))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, prepare string
	}{
		{"clipboard", ""},
		{"no clipboard, as over plain http", `Object.defineProperty(navigator, "clipboard", {value: undefined});`},
		{"clipboard refused", `navigator.clipboard.writeText = () => Promise.reject(new Error("refused"));`},
	} {
		b.open(home + "work-1/")
		b.allow("clipboard-read")
		b.run("window.readClipboard = navigator.clipboard.readText.bind(navigator.clipboard);"+
			"window.writeClipboard = navigator.clipboard.writeText.bind(navigator.clipboard);"+c.prepare, nil)
		for id, want := range map[string]string{"credit-text": notice.Attribution(), "credit-html": notice.AttributionHTML()} {
			b.run("return window.writeClipboard('old')", nil)
			b.click("button[data-copy=" + id + "]")
			b.until(`document.getElementById("copy-status").textContent === "Copied"`)
			var got string
			b.run("return window.readClipboard()", &got)
			if got != want {
				t.Errorf("%s, %s: the clipboard holds %q, want %q", c.name, id, got, want)
			}
			b.run(`document.getElementById("copy-status").textContent = ""`, nil)
		}
	}
}

func playerGoesOnToTheNextTrack(t *testing.T, b *browser) {
	b.open(site(t, beeps()) + "work-20/")
	current := `document.querySelector("a[aria-current]").textContent.trim()`
	b.until(current + ` === "1"`)
	b.click(".tracks li:nth-child(2) a")
	b.until(`document.getElementById("player").currentSrc.endsWith("/3.wav")`)
	b.until(current + ` === "3"`)
	b.until(`document.getElementById("player").ended`)
	if got := b.complaints(); got != nil {
		t.Errorf("the console says %q", got)
	}
}

func everythingIsThereWithoutScript(t *testing.T, b *browser) {
	b.devtools("Emulation.setScriptExecutionDisabled", map[string]any{"value": true})
	b.open(site(t, beeps()) + "work-20/")
	var got struct {
		Buttons int
		Credit  bool
	}
	b.run(`return {
		Buttons: Array.from(document.querySelectorAll("button")).filter(e => e.getBoundingClientRect().width).length,
		Credit: document.getElementById("credit-text").getBoundingClientRect().height > 0};`, &got)
	if got.Buttons != 0 || !got.Credit {
		t.Errorf("%+v", got)
	}
}

func textsAreReadable(t *testing.T, b *browser) {
	records := []feed.Release{odd()["album"], odd()["strict"], odd()["bare"], odd()["photo essay"], song(), odd()["no media to show"]}
	home := site(t, records...)
	pages := []string{home}
	for _, r := range records {
		pages = append(pages, home+r.Slug+"/")
	}
	b.resize(1280, 800)
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		for _, page := range pages {
			b.open(page)
			var faint []string
			b.run(contrastScript, &faint)
			if len(faint) > 0 {
				t.Errorf("%s, %s: hard to read: %.500q", strings.TrimPrefix(page, home), scheme, faint)
			}
		}
	}
}

func focusShows(t *testing.T, b *browser) {
	b.open(site(t, song()))
	for range 3 {
		b.key("\ue004")
		var outline string
		b.run(`const s = getComputedStyle(document.activeElement); return s.outlineStyle + " " + s.outlineWidth;`, &outline)
		if outline != "solid 3px" {
			t.Errorf("the focus shows as %q", outline)
		}
	}
}

// contrastScript returns the texts whose contrast with their ground is below
// 4.5:1, or 3:1 for large ones (WCAG 2.2 §1.4.3).
const contrastScript = `
	const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
	const parts = s => s.match(/[\d.]+/g).map(Number);
	const luminance = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
	const ground = e => {
		for (; e; e = e.parentElement) {
			const c = parts(getComputedStyle(e).backgroundColor);
			if (c.length < 4 || c[3] === 1) return c;
		}
		return [255, 255, 255];
	};
	document.querySelectorAll("details").forEach(d => { d.open = true; });
	const faint = [];
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (!walk.currentNode.textContent.trim() || e.closest("script, style, .unseen, [aria-hidden=true], audio, video")) continue;
		const style = getComputedStyle(e), size = parseFloat(style.fontSize);
		const [a, b] = [luminance(parts(style.color)), luminance(ground(e))].sort((x, y) => y - x);
		const ratio = (a + 0.05) / (b + 0.05);
		if (ratio < (size >= 24 || size >= 18.66 && style.fontWeight >= 700 ? 3 : 4.5)) {
			faint.push(ratio.toFixed(2) + " " + e.tagName + "." + e.className + ": " + e.textContent.slice(0, 30));
		}
	}
	return faint;`
