"""The Orchestrator: workflows, their executions, and the resources of its account.

State changes only on request; the state of an execution is computed from the clock.
"""
