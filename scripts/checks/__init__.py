"""What doctor.py checks. Each module imports only modules above it in this list.

texts       every text, in both languages
findings    what a step found
release     the folder of the program, and its samconfig.toml
aws         the AWS command line and its errors
facts       what the user gave, and what is known of the stack and the test message
webhook     calls of the API
doctor      all that the steps share
advice      commands that the advice of several steps names
cloudwatch  metrics and log lines

The steps are functions that take what is known and return a finding. No step imports another:

account     the AWS command line, region and credentials; concurrency
stack       the stack and its state
parameters  push URL and token
api         health check, wrong token, test message
queues      event source, dead letters, retries
alarms      alarms and their subscriber
clock       the clock of this machine
metrics     whether metrics arrive
errors      what the functions logged
"""
