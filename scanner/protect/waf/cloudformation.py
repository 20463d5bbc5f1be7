"""CloudFormation: the rule group, and the redaction of its log.

Values are dynamic references to Secrets Manager: they stand in neither the template nor the change set. Whoever may
call `wafv2:GetRuleGroup` reads them all the same.
"""

from __future__ import annotations

from typing import Any

from scanner.model.protection import GeneratedFile, Protection, Target
from scanner.protect.matching import comment
from scanner.protect.waf._aws import group_properties, redacted_fields, summary
from scanner.protect.waf._yaml import dump

NAME = "redcap-protect.yaml"


def render(protection: Protection) -> tuple[GeneratedFile, ...]:
    """One template. Raises: ConfigurationError when a name or a value cannot be written."""
    head = [
        "# Rule group for a web ACL. Put a RuleGroupReferenceStatement with its ARN at the lowest priority number of",
        "# the web ACL, OverrideAction None. References are resolved when a resource changes: raise the parameter",
        "# Revision after a secret has changed in Secrets Manager.",
        *(f"# {comment(script.name)} ({script.mode.value}): {comment(script.why)}" for script in protection.scripts),
    ]
    return (GeneratedFile(NAME, "\n".join(head) + "\n" + dump(template(protection))),)


def template(protection: Protection) -> dict[str, Any]:
    """The template as a value."""
    properties = group_properties(protection)
    properties["Description"] = {"Fn::Sub": f"{properties['Description']}, revision ${{Revision}}"}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Keeps strangers from the scripts of REDCap that anyone could call",
        "Parameters": {
            "Scope": {
                "Type": "String",
                "AllowedValues": ["REGIONAL", "CLOUDFRONT"],
                "Default": "REGIONAL",
                "Description": "CLOUDFRONT needs the stack in us-east-1",
            },
            "Revision": {
                "Type": "Number",
                "Default": 1,
                "Description": "Raise it to take a changed secret over",
            },
            "WebAclArn": {
                "Type": "String",
                "Default": "",
                "Description": "Web ACL whose log is to be redacted; empty for none",
            },
            "LogDestinationArn": {
                "Type": "String",
                "Default": "",
                "Description": "Log group, bucket or stream for that log; its name starts with aws-waf-logs-",
            },
        },
        "Conditions": {"HasLog": {"Fn::Not": [{"Fn::Equals": [{"Ref": "WebAclArn"}, ""]}]}},
        "Resources": {
            "RedcapProtect": {
                "Type": "AWS::WAFv2::RuleGroup",
                "Properties": {"Scope": {"Ref": "Scope"}, **properties},
            },
            "RedcapProtectLog": {
                "Type": "AWS::WAFv2::LoggingConfiguration",
                "Condition": "HasLog",
                "Properties": {
                    "ResourceArn": {"Ref": "WebAclArn"},
                    "LogDestinationConfigs": [{"Ref": "LogDestinationArn"}],
                    "RedactedFields": redacted_fields(protection),
                },
            },
        },
        "Outputs": {"RuleGroupArn": {"Value": {"Fn::GetAtt": ["RedcapProtect", "Arn"]}}},
    }


TARGET = Target(
    name="cloudformation",
    title="AWS CloudFormation: rule group for WAF",
    checked="by cfn-lint, by the service model of botocore, and by the simulation; not deployed",
    render=render,
    summary=summary,
)
