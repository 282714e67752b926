package admit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/build/vuln"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/trust"
)

// ScanType is the predicate type of a statement of known vulnerabilities: its predicate is a vuln.Report. When it was made is when it
// was signed. vexType begins those of OpenVEX documents.
const (
	ScanType = "https://adamant.dev/vulnerabilities/v1"
	vexType  = "https://openvex.dev/ns"
)

type scan struct {
	at     time.Time
	report vuln.Report
}

// takeScan keeps the latest look.
func (e *evidence) takeScan(v verified) {
	d := json.NewDecoder(bytes.NewReader(v.statement.Predicate))
	d.DisallowUnknownFields()
	var report vuln.Report
	if err := d.Decode(&report); err != nil {
		e.reject(StatementInvalid, "a statement of vulnerabilities cannot be read: "+err.Error(), "scan it with this version of adamant")
		return
	}
	if e.scan == nil || !v.Time.Before(e.scan.at) {
		e.scan = &scan{v.Time, report}
	}
}

// takeAnswer keeps what the operator, or the gate, says does not matter. A builder has no opinion about that.
func (e *evidence) takeAnswer(r *rules, v verified, gate bool) {
	id, err := trust.ParseIdentity(v.Identity)
	if !gate && (err != nil || id.Role != trust.RoleOperator || id.Repository != r.chain.Current().Repository) {
		e.reject(SignerRole, fmt.Sprintf("%s may not state which vulnerabilities matter", v.Identity), "the operator may")
		return
	}
	e.answers = append(e.answers, v.statement.Predicate)
}

// answer applies what was said about the latest look. A document that cannot be read answers nothing.
func (e *evidence) answer(req Request) {
	if e.scan == nil {
		return
	}
	var readable [][]byte
	for _, document := range e.answers {
		if _, err := (vuln.Report{}).Answer(nil, document); err != nil {
			e.reject(StatementInvalid, err.Error(), "")
			continue
		}
		readable = append(readable, document)
	}
	report, err := e.scan.report.Answer([]string{req.Digest}, readable...)
	if err != nil {
		e.reject(StatementInvalid, err.Error(), "")
		return
	}
	e.scan.report = report
}

// maxAge is how old a look may be, 0 where nobody asks.
func maxAge(settings manifest.Environment) time.Duration {
	if settings.Vulnerabilities == nil {
		return 0
	}
	age, err := time.ParseDuration(settings.Vulnerabilities.MaxAge)
	if err != nil {
		return time.Nanosecond // what cannot be read lets nothing pass
	}
	return age
}

// fresh says that the look is not too long ago, nor in the future.
func (s *scan) fresh(settings manifest.Environment, now time.Time) bool {
	age := maxAge(settings)
	return age == 0 || !s.at.After(now) && now.Sub(s.at) < age
}

// until is when an admission has to be asked for again.
func (e *evidence) until(settings manifest.Environment) time.Time {
	age := maxAge(settings)
	if e.scan == nil || age == 0 {
		return time.Time{}
	}
	return e.scan.at.Add(age).UTC()
}

// unscanned are ecosystems that a look knew nothing about.
func (s *scan) unscanned() string { return strings.Join(s.report.Missing, ", ") }
