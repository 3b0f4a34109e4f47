package track

import (
	"fmt"
	"math"
	"strconv"
)

// colour is sRGB, each part from 0 to 1.
type colour [3]float64

var (
	white = colour{1, 1, 1}
	black = colour{}
	ink   = grey(0x11, 0x14, 0x1a)
)

func grey(r, g, b uint8) colour {
	return colour{float64(r) / 255, float64(g) / 255, float64(b) / 255}
}

// parseColour reads #rgb and #rrggbb.
func parseColour(s string) (colour, bool) {
	if len(s) == 4 {
		s = s[:1] + s[1:2] + s[1:2] + s[2:3] + s[2:3] + s[3:] + s[3:]
	}
	if len(s) != 7 || s[0] != '#' {
		return colour{}, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	return grey(uint8(n>>16), uint8(n>>8), uint8(n)), err == nil
}

func (c colour) String() string {
	return fmt.Sprintf("#%02x%02x%02x", uint8(math.Round(c[0]*255)), uint8(math.Round(c[1]*255)), uint8(math.Round(c[2]*255)))
}

// luminance is WCAG 2.2's relative luminance.
func (c colour) luminance() float64 {
	for i, v := range c {
		if v <= 0.04045 {
			c[i] = v / 12.92
		} else {
			c[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
}

// contrast is WCAG 2.2's contrast ratio, from 1 to 21.
func contrast(a, b colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// readable mixes as little black or white into c as it needs to stand out from a background by a ratio.
func (c colour) readable(ratio float64, background colour) colour {
	end := black
	if contrast(white, background) > contrast(black, background) {
		end = white
	}
	mixed := c
	for step := 0; step <= 100 && contrast(mixed, background) < ratio; step++ {
		for i := range mixed {
			mixed[i] = c[i] + (end[i]-c[i])*float64(step)/100
		}
	}
	return mixed
}

// label is the colour of text on c.
func (c colour) label() colour {
	if contrast(white, c) >= readableText {
		return white
	}
	return ink.readable(readableText, c)
}

// readableText is WCAG 2.2's criterion 1.4.3. A button is told by its label, so its colour stays the brand's unless nobody could see it.
const (
	readableText = 4.5
	readableDark = 6 // grey on dark would else look switched off
	visibleShape = 1.4
)
