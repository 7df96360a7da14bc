"""The Orchestrator: workflows, what they use, and their executions on the platform's clock.

As with predictions, state changes only when somebody asks; what an execution shows is computed.

    routes.py ──┬─> studio.py ──┬─> workflows.py    nodes and edges, code, ZIP
    HTTP        │   the state   ├─> executions.py   which node is at work, and what it says
                │               └─> belongings.py   keys, integrations, a profile
                └─> drafts.py                       what a prompt makes of a workflow
"""
