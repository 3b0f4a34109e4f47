package track

import (
	"strings"

	"germane/store"
)

// agent is a family of programs. The names are stored with events and stand in reports.
type agent struct {
	contains string // in the program's name for itself, in small letters
	family   string
	label    string // what the name alone says about who follows links
}

// agents are in the order in which they are looked for: most programs also name those that they want to be taken for.
// The names of scanners are those that their makers document or that are seen in logs of mail platforms.
var agents = []agent{
	{"googleimageproxy", "gmail-proxy", store.LabelProxy},
	{"ggpht.com", "gmail-proxy", store.LabelProxy},
	{"yahoomailproxy", "yahoo-proxy", store.LabelProxy},

	{"barracuda", "scanner", store.LabelAgent},
	{"proofpoint", "scanner", store.LabelAgent},
	{"mimecast", "scanner", store.LabelAgent},
	{"urldefense", "scanner", store.LabelAgent},
	{"bitdefender", "scanner", store.LabelAgent},
	{"symantec", "scanner", store.LabelAgent},
	{"messagelabs", "scanner", store.LabelAgent},
	{"trendmicro", "scanner", store.LabelAgent},
	{"trend micro", "scanner", store.LabelAgent},
	{"ironport", "scanner", store.LabelAgent},
	{"fortinet", "scanner", store.LabelAgent},
	{"sophos", "scanner", store.LabelAgent},
	{"virustotal", "scanner", store.LabelAgent},
	{"netcraft", "scanner", store.LabelAgent},
	{"phishtank", "scanner", store.LabelAgent},
	{"checkpoint", "scanner", store.LabelAgent},
	{"zscaler", "scanner", store.LabelAgent},
	{"google-safety", "scanner", store.LabelAgent},
	{"scanner", "scanner", store.LabelAgent},

	{"bingpreview", "preview", store.LabelAgent},
	{"skypeuripreview", "preview", store.LabelAgent},
	{"facebookexternalhit", "preview", store.LabelAgent},
	{"whatsapp", "preview", store.LabelAgent},
	{"mattermost", "preview", store.LabelAgent},
	{"bot/", "bot", store.LabelAgent},
	{"bot;", "bot", store.LabelAgent},
	{"bot)", "bot", store.LabelAgent},
	{"bot-", "bot", store.LabelAgent},
	{"crawler", "bot", store.LabelAgent},
	{"spider", "bot", store.LabelAgent},
	{"headlesschrome", "headless", store.LabelAgent},
	{"phantomjs", "headless", store.LabelAgent},
	{"puppeteer", "headless", store.LabelAgent},
	{"playwright", "headless", store.LabelAgent},

	{"curl/", "curl", store.LabelAgent},
	{"wget/", "wget", store.LabelAgent},
	{"python", "python", store.LabelAgent},
	{"aiohttp", "python", store.LabelAgent},
	{"httpx", "python", store.LabelAgent},
	{"scrapy", "python", store.LabelAgent},
	{"go-http-client", "go", store.LabelAgent},
	{"apache-httpclient", "java", store.LabelAgent},
	{"java/", "java", store.LabelAgent},
	{"okhttp", "java", store.LabelAgent},
	{"axios", "node", store.LabelAgent},
	{"node-fetch", "node", store.LabelAgent},
	{"undici", "node", store.LabelAgent},
	{"got (", "node", store.LabelAgent},
	{"guzzlehttp", "php", store.LabelAgent},
	{"php/", "php", store.LabelAgent},
	{"libwww-perl", "perl", store.LabelAgent},
	{"faraday", "ruby", store.LabelAgent},
	{"ruby", "ruby", store.LabelAgent},
	{"winhttp", "windows", store.LabelAgent},
	{"powershell", "windows", store.LabelAgent},

	{"outlook", "outlook", ""},
	{"msoffice", "outlook", ""},
	{"ms-office", "outlook", ""},
	{"thunderbird", "thunderbird", ""},
	{"edg/", "edge", ""},
	{"edga/", "edge", ""},
	{"edgios/", "edge", ""},
	{"edge/", "edge", ""},
	{"opr/", "opera", ""},
	{"opera", "opera", ""},
	{"samsungbrowser", "samsung", ""},
	{"firefox/", "firefox", ""},
	{"fxios/", "firefox", ""},
	{"chrome/", "chrome", ""},
	{"crios/", "chrome", ""},
	{"chromium/", "chrome", ""},
	{"trident/", "ie", ""},
	{"msie ", "ie", ""},
	{"safari/", "safari", ""},
	{"applewebkit/", "apple-mail", ""}, // Apple's own programs that are not Safari
}

// longestAgent is how much of a program's name for itself is looked at.
const longestAgent = 512

// agentOf returns the family of a program, and the label that it earns by its name.
func agentOf(name string) (family, label string) {
	switch name = strings.ToLower(name[:min(len(name), longestAgent)]); name {
	case "": // every browser says what it is
		return "none", store.LabelAgent
	case "mozilla/5.0": // nothing but this: Apple's Mail Privacy Protection, which loads every picture before anybody reads
		return "apple-proxy", store.LabelProxy
	}
	for i := range agents {
		if strings.Contains(name, agents[i].contains) {
			return agents[i].family, agents[i].label
		}
	}
	return "other", ""
}
