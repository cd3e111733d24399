package strangers

import "testing"

// One seeder, four strangers at the same time, all three examples.
func TestStrangersReceiveWorksAndLicences(t *testing.T) {
	s, all := publishExamples(t, "127.0.0.1")
	t.Run("qBittorrent follows the feed", func(t *testing.T) { t.Parallel(); qbittorrent(t, s, all) })
	t.Run("aria2 needs the web seed alone", func(t *testing.T) { t.Parallel(); aria2(t, s, all) })
	t.Run("libtorrent joins by the v2 magnet", func(t *testing.T) { t.Parallel(); libtorrent(t, all) })
}
