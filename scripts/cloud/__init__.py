"""The product in an AWS account: the two steps that people get wrong.

account   whose it is, and where
secrets   `make secrets`: push URL and webhook token, into SSM
deploy    `make deploy`: template.yaml, built and deployed
"""
