"""Amazon EventBridge calls a script every minute and shows the secret in a header.

The connection keeps the value in Secrets Manager. An API destination gives up after 5 seconds and would call again up
to 185 times in 24 hours; a script that runs longer would then run several times at once, so nothing is repeated.
Source: Amazon EventBridge User Guide, "API destinations" and "Retrying event delivery".
"""

from __future__ import annotations

import re
from typing import Any

from scanner.errors import ConfigurationError
from scanner.model.protection import GeneratedFile, Mode, Protection, Target
from scanner.protect.matching import checked
from scanner.protect.waf._aws import dynamic
from scanner.protect.waf._yaml import dump

NAME = "redcap-cron-eventbridge.yaml"
_MISSED = 5
"""Failed calls within as many minutes that raise the alarm."""


def render(protection: Protection) -> tuple[GeneratedFile, ...]:
    """One template. Raises: ConfigurationError when no script is called by automation."""
    head = (
        "# Calls the scripts that automation runs. Redirects are not followed: give the final https address.\n"
        "# Use one caller only: remove the line from crontab.\n"
    )
    return (GeneratedFile(NAME, head + dump(template(protection))),)


def template(protection: Protection) -> dict[str, Any]:
    """The template as a value."""
    checked(protection)
    names = [script.name for script in protection.scripts if script.mode is Mode.HEADER]
    if not names:
        message = "no script is opened by a header, so there is nothing for EventBridge to call"
        raise ConfigurationError(message)
    resources = _connection(protection)
    parameters: dict[str, Any] = {}
    for name in names:
        word = "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", name) if part) or "Script"
        parameters[f"{word}Url"] = {
            "Type": "String",
            "AllowedPattern": "https://.+",
            "Description": f"Full address, for example https://redcap.example.org{protection.base_path}{name}",
        }
        resources |= _schedule(word)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Calls REDCap's scripts every minute with the secret in a header",
        "Parameters": parameters,
        "Resources": resources,
    }


def _connection(protection: Protection) -> dict[str, Any]:
    key = {"ApiKeyName": protection.header, "ApiKeyValue": dynamic(protection.secrets[0])}
    return {
        "Connection": {
            "Type": "AWS::Events::Connection",
            "Properties": {"AuthorizationType": "API_KEY", "AuthParameters": {"ApiKeyAuthParameters": key}},
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [_allow("sts:AssumeRole", Principal={"Service": "events.amazonaws.com"})],
                },
            },
        },
    }


def _schedule(word: str) -> dict[str, Any]:
    """Destination, permission, rule and alarm of one script."""
    destination = {"Fn::GetAtt": [f"{word}Destination", "Arn"]}
    return {
        f"{word}Destination": {
            "Type": "AWS::Events::ApiDestination",
            "Properties": {
                "ConnectionArn": {"Fn::GetAtt": ["Connection", "Arn"]},
                "HttpMethod": "GET",
                "InvocationEndpoint": {"Ref": f"{word}Url"},
                "InvocationRateLimitPerSecond": 1,
            },
        },
        f"{word}Permission": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": f"call-{word}",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [_allow("events:InvokeApiDestination", Resource=destination)],
                },
                "Roles": [{"Ref": "Role"}],
            },
        },
        f"{word}Schedule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "ScheduleExpression": "rate(1 minute)",
                "Targets": [
                    {
                        "Id": word,
                        "Arn": destination,
                        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                        "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
                    }
                ],
            },
        },
        f"{word}Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmDescription": "Calls fail: the secret may be wrong, and jobs just stop",
                "Namespace": "AWS/Events",
                "MetricName": "FailedInvocations",
                "Dimensions": [{"Name": "RuleName", "Value": {"Ref": f"{word}Schedule"}}],
                "Statistic": "Sum",
                "Period": 60 * _MISSED,
                "EvaluationPeriods": 1,
                "Threshold": _MISSED,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "TreatMissingData": "notBreaching",
            },
        },
    }


def _allow(action: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  parts of a policy
    return {"Effect": "Allow", "Action": action, **more}


def _summary(_protection: Protection) -> tuple[str, ...]:
    return (
        "time: a call is given up after 5 seconds; for longer jobs call by Lambda, an ECS task or PHP itself",
        "alarm: FailedInvocations tells of refused calls; watch the Control Center's own warning about cron as well",
    )


TARGET = Target(
    name="eventbridge",
    title="Amazon EventBridge: calls with the secret in a header (CloudFormation)",
    checked="by cfn-lint; not deployed",
    render=render,
    summary=_summary,
    caller=True,
)
