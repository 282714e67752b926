package change

import (
	"slices"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
)

// refuses says why an operation has no effect here, "" when it has one. It is the table of docs/lifecycle.md, column "from".
func (s *State) refuses(op Operation) string {
	kind := op.Body.Kind()
	switch {
	case !May(Role(op.Actor), kind):
		return "its author may not do that"
	case kind == KindOpen && s.Status != "":
		return "the change is open already"
	case kind != KindOpen && s.Status == "":
		return "there is no change yet"
	case Role(op.Actor) == RoleAgent && op.Actor != s.By && (kind == KindPatchSet || kind == KindAbandon):
		return "the change is another agent's"
	case !s.accepts(kind):
		return "the change is " + string(s.Status)
	}
	if head := concerns(op.Body); head != "" && head != s.Head() {
		return "it is about another patch set"
	}
	return s.repeats(op.Body)
}

// accepts is the column "from" for a kind.
func (s *State) accepts(kind Kind) bool {
	switch kind {
	case KindOpen, KindComment:
		return true
	case KindLand: // it has happened: the branch has moved
		return !s.Status.Landed()
	case KindRelease, KindRevertOpened:
		return s.Status == Merged || s.Status == Released
	case KindRevert:
		return s.Status == Merged || s.Status == Released
	case KindResume:
		return s.Status == Suspended
	case KindPatchSet, KindAbandon, KindReview, KindApprove, KindReject, KindAccept:
		return s.Status.Live() || s.Status == Suspended
	case KindMerge, KindDequeue:
		return s.Status.InQueue()
	}
	return s.Status.Live()
}

// concerns is the patch set that an operation is about, "" for those that outlive it.
func concerns(b Body) git.OID {
	switch b := b.(type) {
	case CheckStart:
		return b.Head
	case CheckError:
		return b.Head
	case Assessed:
		return b.Head
	case ReviewAsked:
		return b.Head
	case Reviewed:
		return b.Head
	case Asked:
		return b.Head
	case Approved:
		return b.Head
	case Refused:
		return b.Head
	case Accepted:
		return b.Head
	case SoakStarted:
		return b.Head
	case Enqueued:
		return b.Head
	case Dequeued:
		return b.Head
	case MergeStarted:
		return b.Head
	}
	return ""
}

// repeats refuses what was said before or answers a question that nobody asks any more.
func (s *State) repeats(b Body) string {
	switch b := b.(type) {
	case NewPatchSet:
		if b.Head == s.Head() {
			return "it is the current patch set"
		}
	case Assessed:
		if !s.Run.asks(b.Head, b.Base, b.Attempt) {
			return "it answers no open run of the gate"
		}
	case CheckError:
		if !s.Run.asks(b.Head, b.Base, b.Attempt) {
			return "it answers no open run of the gate"
		}
	case Asked:
		if s.Status == NeedsOperator && s.Asking() == b.Cause {
			return "the operator was asked before"
		}
	case ReviewAsked:
		if s.ReviewAsked != nil {
			return "a reviewer was asked before"
		}
	case Enqueued:
		if s.Status.InQueue() {
			return "it is in the queue already"
		}
	}
	return ""
}

// asks says that a run waits for exactly this answer.
func (r *Run) asks(head, base git.OID, attempt int) bool {
	return r != nil && !r.Done && r.Head == head && r.Base == base && r.Attempt == attempt
}

// transition carries out an operation that fits. It is the table's columns "leads to" and "records".
func (s *State) transition(op Operation) {
	switch b := op.Body.(type) {
	case Opening:
		s.open(op, b)
	case NewPatchSet:
		s.push(op, b.Head, b.Note)
	case CheckStart:
		s.Run = &Run{Head: b.Head, Base: b.Base, Attempt: b.Attempt, At: op.Time}
		if s.Assessment == nil {
			s.Status = Checking
		}
	case CheckError:
		s.Run.Done, s.Run.Error = true, b.Error
	case Assessed:
		s.assessed(op, b)
	case ReviewAsked:
		s.ReviewAsked = &op.Time
		s.Status = Reviewing
	case Reviewed:
		s.Reviews = append(s.Reviews, Review{Reviewed: b, By: op.Actor, At: op.Time})
		if b.Outcome == ReviewChanges && (s.Status == NeedsOperator || s.Status == Soaking) {
			s.Status = Reviewing
		}
	case Comment:
		s.Comments = append(s.Comments, Remark{Comment: b, By: op.Actor, At: op.Time})
	case Asked:
		s.Asks = append(slices.DeleteFunc(s.Asks, func(a Ask) bool { return a.Cause == b.Cause }), Ask{Asked: b, At: op.Time})
		s.Status = NeedsOperator
	case Approved:
		s.Approvals = append(s.Approvals, b.Approval)
	case Refused:
		s.Refusal = &Refusal{Refused: b, By: op.Actor, At: op.Time}
		s.Queue = nil
		s.unlessSuspended(Rejected)
	case Accepted:
		s.Approvals = append(s.Approvals, b.Approval)
	case SoakStarted:
		s.Soak = &Soak{SoakStarted: b}
		s.Status = Soaking
	default:
		s.transitionLate(op)
	}
}

// transitionLate is transition from the queue on.
func (s *State) transitionLate(op Operation) {
	switch b := op.Body.(type) {
	case Enqueued:
		s.Queue = &QueueEntry{Enqueued: b, At: op.Time}
		s.Status = Queued
	case MergeStarted:
		s.Run = &Run{Head: b.Head, Base: b.Base, Attempt: b.Attempt, At: op.Time, Ahead: b.Ahead}
		s.Status = Merging
	case Dequeued:
		s.dequeued(op, b)
	case Landed:
		s.Landing = &Landing{Landed: b, At: op.Time}
		s.Status, s.Queue, s.Stop = Merged, nil, nil
	case InEnvironment:
		s.Releases = append(s.Releases, Release{InEnvironment: b, At: op.Time})
		s.Status = Released
	case RevertOpened:
		s.taker(b.Change)
	case TakenBack:
		s.taker(b.Change)
		s.Status = Reverted
	case GivenUp:
		s.Stop = &Ending{Reason: b.Reason, By: op.Actor, At: op.Time}
		s.Status, s.Queue = Abandoned, nil
	case Stopped:
		s.Stop = &Ending{Reason: b.Reason, By: op.Actor, At: op.Time}
		s.Status, s.Queue = Suspended, nil
	case Continued:
		s.resume()
	}
}

func (s *State) open(op Operation, b Opening) {
	s.Origin, s.By, s.OpenedAt = b, op.Actor, op.Time
	if role := Role(op.Actor); role != RoleOperator && role != RoleKernel {
		s.Origin.Hotfix = false
	}
	s.push(op, b.Head, "")
}

// push voids whatever was said about the last patch set. A suspended change stays so: pushing is no way out.
func (s *State) push(op Operation, head git.OID, note string) {
	s.PatchSets = append(s.PatchSets, PatchSet{N: len(s.PatchSets) + 1, Head: head, By: op.Actor, At: op.Time, Note: note})
	s.Run, s.Assessment, s.Approvals, s.Refusal = nil, nil, nil, nil
	s.ReviewAsked, s.Reviews, s.Soak, s.Queue = nil, nil, nil, nil
	s.unlessSuspended(Opened)
}

func (s *State) unlessSuspended(to Status) {
	if s.Status != Suspended {
		s.Status = to
	}
}

// assessed takes the gate's answer. A change in the queue stays there: whether its refusal is its own fault is the queue's
// to find out.
func (s *State) assessed(op Operation, b Assessed) {
	s.Run.Done = true
	s.Assessment = &Assessment{Assessed: b, At: op.Time}
	if s.Status.InQueue() {
		return
	}
	if b.Decision == gate.Deny {
		s.Status = Rejected
		s.failed(Failure{Head: b.Head, At: op.Time, Why: "the gate refused it"})
		return
	}
	if s.Status == Opened || s.Status == Checking || s.Status == Rejected && s.Refusal == nil {
		s.Status = Reviewing
	}
}

// failed counts a refused patch set once, however often it is judged again.
func (s *State) failed(f Failure) {
	if !slices.ContainsFunc(s.Failures, func(known Failure) bool { return known.Head == f.Head }) {
		s.Failures = append(s.Failures, f)
	}
}

func (s *State) dequeued(op Operation, b Dequeued) {
	s.Queue, s.Status = nil, Reviewing
	if !b.Failed {
		return
	}
	s.Failures = append(s.Failures, Failure{Head: b.Head, At: op.Time, Why: b.Why})
	if b.Refused {
		s.Status = Rejected
	} else if s.Assessment != nil {
		s.Assessment.Void = b.Why
	}
}

func (s *State) taker(id string) {
	if !slices.Contains(s.RevertedBy, id) {
		s.RevertedBy = append(s.RevertedBy, id)
	}
}

// resume goes back to where the change would be had it not been stopped, with all tries before it.
func (s *State) resume() {
	s.Stop, s.Failures, s.Run = nil, nil, nil
	switch {
	case s.Refusal != nil, s.Assessment != nil && s.Assessment.Decision == gate.Deny && !s.Assessment.Ahead:
		s.Status = Rejected
	case s.Assessment != nil:
		s.Status = Reviewing
	default:
		s.Status = Opened
	}
}
