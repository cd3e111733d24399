package templates

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"commonseed/internal/peers"
)

// A stranger's RDFa parser finds the licence of the work, of every file, and
// whom to credit.
func TestRDFaOfReleasePage(t *testing.T) {
	peers.Need(t, "rapper")
	const page = base + "work-1/"
	triples := rdfa(t, releasePage(t, sampleChannel(), song()), page)
	for _, want := range []string{
		"<" + page + "> <http://www.w3.org/1999/xhtml/vocab#license> <" + ccBySA + "> .",
		"<" + page + "> <http://creativecommons.org/ns#attributionURL> <https://ana.example/about> .",
		"<" + page + `> <http://creativecommons.org/ns#attributionName> "Ana Ruiz"@en .`,
		"<" + page + `> <http://purl.org/dc/terms/title> "Low Tide"@en .`,
		"<" + page + "> <http://purl.org/dc/terms/source> <https://ana.example/sources/low-tide> .",
		"<" + page + "files/Ana%20Ruiz%20-%20Low%20Tide/Low%20Tide.mp3> <http://www.w3.org/1999/xhtml/vocab#license> <" + ccBySA + "> .",
		"<" + page + "files/Ana%20Ruiz%20-%20Low%20Tide/Cover.jpg> <http://www.w3.org/1999/xhtml/vocab#license> <" + ccBy + "> .",
	} {
		if !strings.Contains(triples, want+"\n") {
			t.Errorf("lacks %s\nin\n%s", want, triples)
		}
	}
	if n := strings.Count(triples, "<"+page+"> <http://www.w3.org/1999/xhtml/vocab#license>"); n != 1 {
		t.Errorf("the work has %d licences", n)
	}
}

func TestRDFaOfChannelPage(t *testing.T) {
	peers.Need(t, "rapper")
	triples := rdfa(t, channelPage(t, sampleChannel(), song(), odd()["dedicated"]), base)
	for _, want := range []string{
		"<" + base + "work-1/> <http://www.w3.org/1999/xhtml/vocab#license> <" + ccBySA + "> .",
		"<" + base + `work-1/> <http://purl.org/dc/terms/title> "Low Tide"@en .`,
		"<" + base + "work-5/> <http://www.w3.org/1999/xhtml/vocab#license> <" + ccZero + "> .",
	} {
		if !strings.Contains(triples, want+"\n") {
			t.Errorf("lacks %s\nin\n%s", want, triples)
		}
	}
	if strings.Contains(triples, "<"+base+"> <http://www.w3.org/1999/xhtml/vocab#license>") {
		t.Error("a mixed channel has one licence")
	}
}

func rdfa(t *testing.T, page, address string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "index.html")
	if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	return peers.Run(t, "rapper", "-q", "-i", "rdfa", "-o", "ntriples", file, address)
}
