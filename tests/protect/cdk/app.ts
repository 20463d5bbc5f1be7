import { App, Stack } from 'aws-cdk-lib';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import { RedcapProtect, WafRule } from './RedcapProtect';

const stack = new Stack(new App(), 'Synthesis', { env: { region: 'eu-central-1' } });
const protect = new RedcapProtect(stack, 'RedcapProtect', { scope: 'REGIONAL' });
const extraRules: WafRule[] = [protect.wafRule()];
new wafv2.CfnWebACL(stack, 'WebAcl', {
  scope: 'REGIONAL',
  defaultAction: { allow: {} },
  rules: extraRules.map((item) => item.rule),
  visibilityConfig: { sampledRequestsEnabled: false, cloudWatchMetricsEnabled: true, metricName: 'acl' },
});
console.log(JSON.stringify((stack.node.root as App).synth().getStackByName(stack.stackName).template));
