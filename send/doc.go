// Package send hands finished mails to whoever delivers them: a folder of .eml files, an SMTP server, or Amazon SES.
//
// It leaves to others who gets which mail (worker), what the mail says (render), and what is remembered about it (store). It never
// sends anything twice by itself: each call of [Transport.Send] offers a mail's last byte to a provider at most once, and [Result]
// says what is certain afterwards. What is not certain is [InDoubt], which is also what a result is before anybody has said more.
//
// In order: [ParseURL] reads where mails go, [Address.Open] makes the [Transport]; for each mail, [Rate] and [Domains] say when, Send
// does it, and an [Outcome] tells what may happen next. [Transport.Close] ends the connections. All judgements about replies are in
// classify.go.
package send
