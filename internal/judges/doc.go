// Package judges holds only tests: programs that nobody of ours wrote judge the mail that Germane makes.
//
//   - MJML compiles a newsletter, and what it wrote must come out of Germane byte for byte (mjml_test.go).
//   - Chromium shows every starter message and everything that Markdown makes, wide and narrow, light and dark, with and without
//     images (gallery_test.go), and axe-core looks for what somebody could not read or use (chromium_test.go). GERMANE_SHOTS=DIR
//     keeps screenshots.
//   - SpamAssassin scores every starter message (spamassassin_test.go).
//   - People at the edges of what a catalogue allows get every starter message, and no empty greeting (people_test.go).
//
// The folder node pins what comes from npm; scripts/test-deps installs it.
package judges
