package feed

import (
	"fmt"
	"testing"
)

// TestReadOthers reads the licence as feeds of others state it.
func TestReadOthers(t *testing.T) {
	const by = "http://creativecommons.org/licenses/by/3.0/"
	rss := func(ns, what string) string {
		return `<rss version="2.0" ` + ns + `><channel><title>T</title>` + what + `<item><title>I</title>` + what + `</item></channel></rss>`
	}
	for name, data := range map[string]string{
		"cc":      rss(`xmlns:cc="http://creativecommons.org/ns#" xmlns:r="`+nsRDF+`"`, `<cc:license r:resource="`+by+`"/>`),
		"old cc":  rss(`xmlns:cc="http://web.resource.org/cc/"`, `<cc:license>`+by+`</cc:license>`),
		"link":    rss(`xmlns:a="`+nsAtom+`"`, `<a:link rel="self" href="x"/><a:link rel="license" href="`+by+`"/>`),
		"backend": rss(`xmlns:c="`+nsCreativeCommons+`"`, `<c:license>`+by+`</c:license>`),
		"atom":    `<feed xmlns="` + nsAtom + `"><title>T</title><link rel="license" href="` + by + `"/><entry><title>I</title><link rel="license" href="` + by + `"/></entry></feed>`,
		"json":    `{"version": "https://jsonfeed.org/version/1.1", "title": "T", "_license": {"url": "` + by + `"}, "items": [{"title": "I", "_license": {"url": "` + by + `"}}]}`,
	} {
		doc, err := Read([]byte(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := fmt.Sprint(doc.Title, doc.License, len(doc.Items)); got != fmt.Sprint("T", by, 1) {
			t.Errorf("%s: %s", name, got)
		} else if i := doc.Items[0]; i.Title != "I" || i.License != by {
			t.Errorf("%s: %+v", name, i)
		}
	}
	for _, bad := range []string{"{", "{}", `{"version": "1"}`, "<html/>", `<feed/>`, `<feed xmlns="` + nsAtom + `">`} {
		if doc, err := Read([]byte(bad)); err == nil {
			t.Errorf("%q was read as %+v", bad, doc)
		}
	}
}
