package main

import (
	"strings"

	"germane/store"
	"germane/worker"
)

// advice says of each reason in the ledger what it means, and what can be done about it.
var advice = map[string]string{
	store.ReasonSuppressed:       "bounced, complained or by hand: germane people show EMAIL",
	store.ReasonNoConsent:        "they are not subscribed to the campaign's topic",
	store.ReasonCap:              "they had as many mails lately as `caps` in germane.yaml allow",
	store.ReasonErased:           "they were erased while the run was on its way",
	worker.ReasonNotArmed:        "until `germane arm`, only allow_recipients get real mail",
	worker.ReasonGlobalHoldout:   "`holdout` in germane.yaml keeps them back, to measure against",
	worker.ReasonCampaignHoldout: "the campaign's `holdout` keeps them back, to measure against",
	worker.ReasonRollout:         "the rollout has not come to them yet",
	worker.ReasonUnreadable:      "what is stored about them is damaged: import them again",
	reasonLost:                   "ask the provider, then: germane runs settle RUN --as sent|failed",
	reasonLeft:                   "they changed between two tries, and were not tried again",
	reasonThrottled:              "the provider wanted it slower; it is tried again",
	reasonQuota:                  "the provider's quota is used up; it is tried again",
	reasonConnect:                "nobody answers there; it is tried again: germane doctor",
	reasonSettled:                "somebody looked: germane runs settle",
}

// Reasons that have no name elsewhere, as nobody else asks for them.
const (
	reasonLost      = "the worker was lost"
	reasonLeft      = "no longer in the audience"
	reasonThrottled = "throttled"
	reasonQuota     = "quota"
	reasonConnect   = "connect"
	reasonSettled   = "settled by hand"
)

// adviceByStart is for reasons that say more after their beginning. The first that fits is meant.
var adviceByStart = []struct{ start, text string }{
	{worker.ReasonSkip, "the message itself says so, with {% skip %}"},
	{worker.ReasonMaking, "the message does not fit their data: germane why RUN EMAIL"},
	{worker.ReasonPanic, "a mistake in germane, not in your files: please report it"},
	{"smtp 550 5.1", "there is no such mailbox: correct or remove the address"},
	{"smtp 552", "the mail was too large for the mailbox or the server"},
	{"smtp 5", "the receiving server refused these mails for good"},
	{"smtp 4", "the receiving server did not take them, however often it was asked"},
	{"ses MessageRejected", "Amazon SES refused the mail: its console says more"},
	{"ses ", "what Amazon SES answered"},
}

func adviceFor(reason string) string {
	if text, ok := advice[reason]; ok {
		return text
	}
	for _, a := range adviceByStart {
		if strings.HasPrefix(reason, a.start) {
			return a.text
		}
	}
	return ""
}
