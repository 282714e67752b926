package policy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/policy/patience"
)

// TimeoutError says that the evaluation was stopped at its deadline. There is no result.
type TimeoutError struct{ Deadline time.Duration }

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("the constitution was not evaluated within %s; raise limits.policyTime or simplify the policy (adamant policy test shows times)", e.Deadline)
}

// EvalError says that a rule failed while it was evaluated. There is no result.
type EvalError struct {
	Path         string
	Line, Column int
	Code         string // OPA's error code: eval_conflict_error, eval_builtin_error, ...
	Message      string
}

func (e *EvalError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.Path, e.Line, e.Column, e.Message)
}

// Eval judges in at the instant now. Any error means that nothing was decided: *TimeoutError at the deadline, *EvalError
// when a rule fails, *RecordError when a rule reports something that is no record.
func (e *Engine) Eval(ctx context.Context, in *facts.Input, now time.Time) (*Result, error) {
	ctx, cancel := patience.With(ctx, e.deadline, &TimeoutError{e.deadline})
	defer cancel()
	result, err := e.evalNative(ctx, in, now)
	if err != nil {
		return nil, err
	}
	if err := e.evalUnits(ctx, in, now, result); err != nil {
		return nil, err
	}
	return result, nil
}

// evalNative asks adamant's own rules and those written for adamant.
func (e *Engine) evalNative(ctx context.Context, in *facts.Input, now time.Time) (*Result, error) {
	result := &Result{Violations: []Violation{}, Requires: []Requirement{}}
	if len(e.active) > 0 {
		input, err := inputValue(in, e.names)
		if err != nil {
			return nil, err
		}
		terms, err := e.run(ctx, e.query, input, now)
		if err != nil {
			return nil, err
		}
		if result, err = e.collect(in, terms); err != nil {
			return nil, err
		}
	}
	result.Rules = len(e.active) + switchedOn(e.units)
	return result, e.compare(ctx, in, now, result)
}

// run evaluates a prepared query and returns a set of records for each of its entries.
func (e *Engine) run(ctx context.Context, query rego.PreparedEvalQuery, input ast.Value, now time.Time) (*ast.Array, error) {
	rs, err := query.Eval(ctx, rego.EvalParsedInput(input), rego.EvalTime(now.UTC()))
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	if err != nil {
		return nil, evalError(err)
	}
	if len(rs) != 1 {
		return nil, fmt.Errorf("evaluating the constitution gave %d results, want 1: %w", len(rs), ErrNoRules)
	}
	term, ok := rs[0].Bindings[resultVar].(*ast.Term)
	if !ok {
		return nil, errors.New("evaluating the constitution gave no records")
	}
	return term.Value.(*ast.Array), nil
}

func evalError(err error) error {
	var e *topdown.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("evaluating the constitution: %w", err)
	}
	out := &EvalError{Code: e.Code, Message: oneLine(e.Message)}
	if e.Location != nil {
		out.Path, out.Line, out.Column = e.Location.File, e.Location.Row, e.Location.Col
	}
	return out
}
