// Package films makes films to measure with, and says how other programs put a
// licence into them.
package films

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// What is put into files.
const (
	Licence = "https://creativecommons.org/licenses/by/4.0/"
	Rights  = "© 2026 Ana Ruiz. Licensed under CC BY 4.0. " + Licence
)

// ExiftoolTags is what exiftool writes of a notice, for a shell; it cannot write less
// than the properties that say the same as a stamp.
const ExiftoolTags = " -XMP-cc:License=" + Licence + " '-XMP-dc:Rights=" + Rights + "' -XMP-xmpRights:Marked=True" +
	" '-XMP-xmpRights:UsageTerms=" + Rights + "' -XMP-xmpRights:WebStatement=" + Licence + " '-XMP-cc:AttributionName=Ana Ruiz' "

// Make makes ten seconds of noisy film and sound and repeats them until the file has
// its size.
func Make(ctx context.Context, dir, name string, mebibytes int, options ...string) error {
	clip := filepath.Join(dir, "clip.mp4")
	defer os.Remove(clip)
	if err := ffmpeg(ctx, dir, "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25,noise=alls=60:allf=t",
		"-f", "lavfi", "-i", "sine=f=300:b=4", "-t", "10", "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "25M", "-minrate", "25M",
		"-bufsize", "25M", "-pix_fmt", "yuv420p", "-c:a", "aac", clip); err != nil {
		return err
	}
	args := append([]string{"-stream_loop", "-1", "-i", clip, "-map", "0", "-c", "copy", "-fs", strconv.Itoa(mebibytes << 20)}, options...)
	return ffmpeg(ctx, dir, append(args, name)...)
}

func ffmpeg(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "ffmpeg", append([]string{"-v", "error"}, args...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ffmpeg: %w\n%.2000s", err, out)
	}
	return nil
}
