"""AWS CDK in TypeScript: a construct that creates the rule group and gives a rule of the shape `{ name, rule }`.

That shape (`WafRule`) is what the public project aws-samples/redcap-on-aws takes in `extraRules`. Values of secrets are
given to the construct, as dynamic references by default.
"""

from __future__ import annotations

import json
import re
from typing import Any

from scanner.model.protection import GeneratedFile, Protection, Target
from scanner.protect.waf._aws import dynamic, summary
from scanner.protect.wafv2 import build

NAME = "RedcapProtect.ts"
_WORD = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*\Z")
_ANY = frozenset({"Allow", "Block", "Captcha", "Challenge", "Count", "SingleHeader", "SingleQueryArgument"})
"""Properties that aws-cdk-lib's `CfnRuleGroup` types as `any` (wafv2.generated.d.ts)."""
_MARK = "\x00"
"""Around what is code and no text."""


def render(protection: Protection) -> tuple[GeneratedFile, ...]:
    """One module. Raises: ConfigurationError when a name or a value cannot be written."""
    rules = build.rules(protection, lambda secret: f"{_MARK}secrets.{secret.slot}{_MARK}")
    pages = build.bodies(protection)
    fields = [f"  {secret.slot}: string;" for secret in protection.secrets]
    defaults = [f"  {secret.slot}: {_text(dynamic(secret))}," for secret in protection.secrets]
    replaced = {
        "@FIELDS@": "\n".join(fields) or "  none?: never;",
        "@DEFAULTS@": "\n".join(defaults),
        "@CAPACITY@": str(build.reserved(protection)),
        "@RULES@": _source(_camel(rules), 6),
        "@PAGES@": _source({key: _camel(page) for key, page in pages.items()}, 6) if pages else "undefined",
        "@USED@": "" if protection.secrets else "    void secrets;\n",
    }
    text = _MODULE
    for mark, part in replaced.items():
        text = text.replace(mark, part)
    return (GeneratedFile(NAME, text),)


def _camel(value: Any) -> Any:  # noqa: ANN401  any JSON
    """The API's names as properties of CDK's L1 constructs.

    What CDK types as `any` it passes on as it stands: that keeps the API's own names.
    """
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if isinstance(value, dict):
        return {_property(key): item if key in _ANY else _camel(item) for key, item in value.items()}
    return value


def _property(key: str) -> str:
    return key[:1].lower() + key[1:]


def _source(value: Any, indent: int) -> str:  # noqa: ANN401  any JSON
    """TypeScript of a value, in two-space steps."""
    inner = " " * (indent + 2)
    if isinstance(value, dict) and value:
        lines = [f"{inner}{_key(key)}: {_source(item, indent + 2)},\n" for key, item in value.items()]
        return "{\n" + "".join(lines) + " " * indent + "}"
    if isinstance(value, list) and value:
        return "[\n" + "".join(f"{inner}{_source(item, indent + 2)},\n" for item in value) + " " * indent + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _key(key: str) -> str:
    return key if _WORD.match(key) else json.dumps(key)


def _text(value: str) -> str:
    """A string, or a template with the code that is marked in it."""
    parts = value.split(_MARK)
    if len(parts) == 1:
        return json.dumps(value)
    if parts[0] == parts[-1] == "" and len(parts) == 3:  # noqa: PLR2004  text, code, text
        return parts[1]
    pieces = [
        f"${{{part}}}" if position % 2 else re.sub(r"[`\\$]", r"\\\g<0>", part) for position, part in enumerate(parts)
    ]
    return f"`{''.join(pieces)}`"


_MODULE = """\
// Rule group of AWS WAF for the REDCap scripts that anyone could call.
//
//   const protect = new RedcapProtect(this, 'RedcapProtect', { scope: 'REGIONAL' });
//   new Waf(this, 'Waf', { extraRules: [protect.wafRule()], allowedIps });
//
// Give `wafRule` the lowest priority number of the web ACL. Remove exemptions for cron.php from other rules.

import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';

export interface WafRule {
  name: string;
  rule: wafv2.CfnWebACL.RuleProperty;
}

/** Accepted values. Use references: `secret.secretValue.unsafeUnwrap()` gives one that only a deployment resolves. */
export interface RedcapSecrets {
@FIELDS@
}

const defaultSecrets: RedcapSecrets = {
@DEFAULTS@
};

export interface RedcapProtectProps {
  /** CLOUDFRONT needs a stack in us-east-1. */
  scope: 'REGIONAL' | 'CLOUDFRONT';
  secrets?: RedcapSecrets;
}

export class RedcapProtect extends Construct {
  public readonly ruleGroup: wafv2.CfnRuleGroup;

  constructor(scope: Construct, id: string, props: RedcapProtectProps) {
    super(scope, id);
    const secrets: RedcapSecrets = props.secrets ?? defaultSecrets;
@USED@    this.ruleGroup = new wafv2.CfnRuleGroup(this, 'RuleGroup', {
      scope: props.scope,
      capacity: @CAPACITY@,
      description: 'REDCap scripts that anyone could call',
      customResponseBodies: @PAGES@,
      visibilityConfig: {
        sampledRequestsEnabled: false,
        cloudWatchMetricsEnabled: true,
        metricName: 'redcap-protect',
      },
      rules: @RULES@,
    });
  }

  /** Rule for the web ACL. Nothing that allows may have a lower priority number. */
  wafRule(priority = 0): WafRule {
    return {
      name: 'redcap-protect',
      rule: {
        name: 'redcap-protect',
        priority,
        statement: { ruleGroupReferenceStatement: { arn: this.ruleGroup.attrArn } },
        overrideAction: { none: {} },
        visibilityConfig: {
          sampledRequestsEnabled: false,
          cloudWatchMetricsEnabled: true,
          metricName: 'redcap-protect',
        },
      },
    };
  }
}
"""

TARGET = Target(
    name="cdk",
    title="AWS CDK (TypeScript): construct with a rule group for AWS WAF",
    checked="by aws-cdk-lib, which compiles and synthesises it, by cfn-lint on the template, and by a golden file",
    render=render,
    summary=summary,
)
