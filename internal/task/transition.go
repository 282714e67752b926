package task

// refuses says why an operation has no effect here, "" when it has one. It is the table of docs/tasks.md, column "from".
func (s *State) refuses(op Operation) string {
	kind := op.Body.Kind()
	switch {
	case !May(roleOf(op.Actor), kind):
		return "its author may not do that"
	case kind == KindOpen && s.Status != "":
		return "the task is open already"
	case kind != KindOpen && s.Status == "":
		return "there is no task yet"
	case !s.accepts(kind):
		return "the task is " + string(s.Status)
	}
	return s.misfits(op.Body)
}

// accepts is the column "from" for a kind.
func (s *State) accepts(kind Kind) bool {
	switch kind {
	case KindOpen, KindEnd: // an attempt that is open ends, whatever became of its task
		return true
	case KindLand, KindRetry:
		return s.Status != Done
	case KindStart, KindReturn, KindFollow, KindPropose:
		return s.Status == Queued || s.Status == Gating || s.Status == Waiting
	case KindNote:
		return !s.Status.Closed()
	case KindSuspend:
		return s.Status.Live()
	case KindResume:
		return s.Status == Suspended
	case KindFail:
		return s.Status.Live() || s.Status == Suspended
	case KindCancel:
		return s.Status != Done && s.Status != Cancelled
	}
	return false
}

// misfits refuses what is about another attempt, or was said before. While an attempt is open the task is running, reviewing or stopped,
// so none begins beside it.
func (s *State) misfits(b Body) string {
	open := s.Open()
	switch b := b.(type) {
	case Started:
		switch {
		case b.N != len(s.Attempts)+1:
			return "it is not the next attempt"
		case b.Role == RoleCoder && s.Status != Queued, b.Role == RoleReviewer && s.Status == Queued:
			return "the task is " + string(s.Status)
		}
	case Ended:
		if open == nil || open.N != b.N {
			return "that attempt is not under way"
		}
	case Proposed:
		switch {
		case b.N < 1 || b.N > len(s.Attempts) || s.Attempts[b.N-1].Ended == nil || s.Attempts[b.N-1].Ended.Head != b.Head:
			return "that is not what the attempt made"
		case s.Status != Gating || s.Head == b.Head:
			return "it was proposed before"
		}
	case Returned, Followed:
		if s.Status == Queued {
			return "nothing was handed in"
		}
	case Retried:
		if open != nil {
			return "an attempt is under way: wait until it has ended, or cancel it"
		}
	}
	return ""
}

// transition carries out an operation that fits. It is the table's columns "leads to" and "records".
func (s *State) transition(op Operation) {
	switch b := op.Body.(type) {
	case Opening:
		s.Origin, s.By, s.OpenedAt, s.Agent = b, op.Actor, op.Time, b.Agent
		s.Status = Queued
	case Started:
		s.started(op, b)
	case Ended:
		s.ended(op, b)
	case Proposed:
		s.Change, s.Head, s.Return = b.Change, b.Head, nil
	case Returned:
		s.sent(op, b)
	case Followed:
		s.Status, s.For, s.Why = b.Phase, b.For, b.Why
	case Landed:
		s.Landing, s.Status, s.Stop = &b, Done, nil
	case Noted:
		s.Notes = append(s.Notes, b.Text)
	case Stopped:
		s.stop(op, Suspended, Ending{Reason: b.Reason, Rule: b.Rule, Told: b.Told})
	case Failure:
		s.stop(op, Failed, Ending{Reason: b.Reason})
	case Cancellation:
		s.stop(op, Cancelled, Ending{Reason: b.Reason})
	case Resumed:
		s.resume(b)
	case Retried:
		s.retry(b)
	}
}

func (s *State) stop(op Operation, status Status, e Ending) {
	e.By, e.At = op.Actor, op.Time
	s.Stop, s.Status = &e, status
}

func (s *State) started(op Operation, b Started) {
	r := Record{Started: b, At: op.Time}
	s.Status = Reviewing
	if b.Role == RoleCoder {
		s.Status, r.Notes, s.Notes, s.Swapped = Running, s.Notes, nil, s.Swapped || b.Swap
	}
	s.Attempts = append(s.Attempts, r)
}

// ended closes the open attempt. A task that was stopped meanwhile stays what it is.
func (s *State) ended(op Operation, b Ended) {
	r := s.Open()
	r.Ended, r.Until = &b, &op.Time
	s.Spent = s.Spent.Add(b.Spent)
	failed := b.Finish == FinishFailed || b.Finish == FinishCancelled && s.Status == Running // nobody asked for that
	s.Failures, s.Losses = count(s.Failures, failed, b.Finish == FinishLost), count(s.Losses, b.Finish == FinishLost, false)
	changed := r.Role == RoleCoder && b.Head != "" && b.Head != r.Base
	if changed {
		s.Work = b.Head
	}
	if s.Status != Running && s.Status != Reviewing {
		return
	}
	s.For, s.Why = "", ""
	switch {
	case r.Role == RoleReviewer:
		s.Status = Gating
	case changed && b.Finish == FinishDone:
		s.Status = Gating
	case b.Finish == FinishDone:
		s.sent(op, Returned{By: ByNobody, Head: r.Base, Why: "nothing was changed"})
	default:
		s.Status = Queued
	}
}

// count counts what happens in a row; keep leaves it, as a loss leaves failures.
func count(n int, again, keep bool) int {
	switch {
	case again:
		return n + 1
	case keep:
		return n
	}
	return 0
}

// sent puts a result back to the coder. What the operator sends back does not count against the agent.
func (s *State) sent(op Operation, b Returned) {
	s.Return, s.Status, s.For, s.Why = &Sent{Returned: b, At: op.Time}, Queued, "", ""
	if b.By != ByOperator {
		s.Returns++
	}
}

func (s *State) resume(b Resumed) {
	s.anew(b.Note)
	switch open := s.Open(); {
	case open != nil && open.Role == RoleReviewer:
		s.Status = Reviewing
	case open != nil:
		s.Status = Running
	case s.Change != "" && s.Return == nil, s.unproposed():
		s.Status = Gating
	default:
		s.Status = Queued
	}
}

// unproposed says that the newest coder's finished result is in no change yet.
func (s *State) unproposed() bool {
	for i := len(s.Attempts) - 1; i >= 0; i-- {
		r := s.Attempts[i]
		if r.Role == RoleCoder && r.Ended != nil {
			return r.Ended.Finish == FinishDone && r.Ended.Head != "" && r.Ended.Head == s.Work && r.Ended.Head != s.Head
		}
	}
	return false
}

func (s *State) retry(b Retried) {
	if s.Change != "" {
		s.Left = append(s.Left, s.Change)
	}
	if b.Agent != "" {
		s.Agent = b.Agent
	}
	s.anew(b.Note)
	s.Change, s.Head, s.Work, s.Return, s.Landing = "", "", "", nil, nil
	s.Status = Queued
}

// anew forgets what counts against the task.
func (s *State) anew(note string) {
	s.Stop, s.For, s.Why, s.Returns, s.Failures, s.Losses, s.Swapped = nil, "", "", 0, 0, 0, false
	s.From = len(s.Attempts)
	if s.Open() != nil {
		s.From--
	}
	if note != "" {
		s.Notes = append(s.Notes, note)
	}
}
