"""Starts MiniStack 1.5 with corrections, each as strict as AWS documents it. Every module lists its own.

access    who may do what (`AUTH=true`)
queues    queues and event sources
stacks    CloudFormation
watching  logs, metrics, alarms and subscriptions
quotas    the limit of an account
tap       API Gateway reports every message to the local console, if there is one
"""

import os

import access
import queues
import quotas
import stacks
import watching
from ministack import app
from ministack.services import apigateway
from tap import VARIABLE, Tap

for corrected in (access, queues, quotas, stacks, watching):
    corrected.apply()

# Functions inherit the environment, and must not see this variable.
if console := os.environ.pop(VARIABLE, None):
    apigateway.handle_execute = Tap(console).on(
        apigateway.handle_execute, apigateway.route_authorization_type
    )

app.main()
