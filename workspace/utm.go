package workspace

import (
	"net/url"
	"strings"
)

// addUTM adds the parameters that web analytics tell campaigns by: where a visitor came from (the topic), how (email), and through
// which campaign. An address that has one of them, or does not lead to the web, stays as it is; nothing else of it changes.
func addUTM(address, topic, campaign string) string {
	if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") || strings.Contains(address, "utm_") {
		return address
	}
	page, fragment, hasFragment := strings.Cut(address, "#")
	separator := "?"
	switch {
	case strings.HasSuffix(page, "?") || strings.HasSuffix(page, "&"):
		separator = ""
	case strings.Contains(page, "?"):
		separator = "&"
	}
	page += separator + "utm_source=" + url.QueryEscape(topic) + "&utm_medium=email&utm_campaign=" + url.QueryEscape(campaign)
	if hasFragment {
		page += "#" + fragment
	}
	return page
}
