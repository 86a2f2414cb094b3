// The page's texts in English. texts-zh.js has the same keys. A text with values in it is a function of them.
// `code` and [links](#try) are for `prose` in dom.js.

const plural = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

export const en = {
  name: "zstack-flashduty console",
  otherLanguage: "中文",
  skip: "Skip to main content",
  sections: "Sections",
  alerts: "Alerts",
  try: "Try a message",
  faults: "Faults",
  setup: "Set up ZStack",
  live: "Live",
  connecting: "Connecting…",
  lost: "Disconnected. Reconnecting…",
  standIn: "Not the real Flashduty: this local stand-in shows what Flashduty would show, and notifies nobody.",
  webhook: "Webhook URL for ZStack:",
  password: "`make run` prints the password in its terminal.",
  noWebhook: "The local API is not deployed yet. `make run` deploys it.",
  channelUrl: (name) => `Add \`/${name}\` to send to the channel ${name}.`,
  channel: "Channel",
  inChannel: (name) => `channel ${name}`,
  copy: "Copy",
  copied: "Copied",
  copyFailed: "Copy it manually",

  seconds: (n) => (n === 0 ? "now" : `${n} s`),
  minutes: (n) => `${n} min`,
  hours: (n, minutes) => (minutes > 0 ? `${n} h ${minutes} min` : `${n} h`),
  days: (n) => `${n} d`,
  ago: (span) => (span === "now" ? span : `${span} ago`),
  Critical: "Critical",
  Warning: "Warning",
  Info: "Info",
  Ok: "Ok",

  filter: "Show alerts",
  filterAll: "All",
  filterOpen: "Open",
  clear: "Delete all",
  open: "Open",
  closed: "Closed",
  events: (n) => plural(n, "event"),
  fullList: (n) => `Only ${n} alerts are shown. Open alerts come first, the newest on top.`,
  title: (n) => (n > 0 ? `(${n}) ` : ""),
  emptyTitle: "No alerts yet",
  emptyTry: "Go to [Try a message](#try) and click Send, or [set up ZStack](#setup). The alert appears here.",
  emptyZstack: "Or create an endpoint of type Webhook in ZStack with this URL, and click its test button:",
  noneOpen: "There are no open alerts.",
  newAlert: ({ severity, title, channel }) =>
    `New alert, ${severity}: ${title}${channel ? `, channel ${channel}` : ""}`,
  newAlerts: (n) => `${n} new alerts`,
  closedAlert: (alert) => `Closed: ${alert.title}`,
  closedAlerts: (n) => `${n} alerts closed`,
  cleared: "All alerts were deleted",

  alertKey: "Alert key",
  opened: "Opened",
  closedAt: "Closed",
  loading: "Loading…",
  gone: "This alert is no longer kept.",
  repeats: (n, last) => `and ${plural(n, "more event")} like it, the last at ${last}`,
  forgotten: (n) => (n === 1 ? "1 earlier entry is no longer kept." : `${n} earlier entries are no longer kept.`),
  changes: "Changes",
  nothing: "none",
  labels: "Labels",
  source: "Message from ZStack",
  sourceAt: (time, url) => `${time}, POST ${url}`,
  noSource:
    "The message is not known. It was not sent through the local API, it was sent before this console started, or it " +
    "is no longer kept.",
  event: "Event pushed to Flashduty",
  eventPushed: "Event that would be pushed to Flashduty",
  cut: (names) => `Shortened or left out because of Flashduty's limits: ${names.join(", ")}`,
  violations: "Flashduty would refuse this event:",

  tryLead:
    "Paste a message that ZStack or your message template sends. The preview shows the resulting alert. Nothing is " +
    "pushed until you click Send.",
  sample: "Sample",
  sampleNone: "Choose a sample",
  body: "Message",
  bodyHint: "Body of ZStack's request",
  channelHint: "none: the stack's own push URL",
  channelGoes: (name) => `The message goes to \`/zstack/${name}\`.`,
  channelUnknown: (name) =>
    `The message goes to \`/zstack/${name}\`. This run created no such channel. If nobody else did, the relay answers ` +
    "404 and names the parameter to create.",
  channelInvalid: "A channel's name has 1 to 64 characters: letters, digits, `_`, `.` and `-`.",
  query: "Query string of the webhook URL",
  queryHint: "cloud=beijing",
  send: "Send",
  sendHint: "Sends the message through the local API, as ZStack does.",
  sending: "Sending…",
  preview: "Preview",
  previewEmpty: "Paste a message or choose a sample to see the preview.",
  rejected: "The relay would reject this request:",
  messageOf: (n, all) => (all > 1 ? `Message ${n} of ${all}` : "Message"),
  moreMessages: (n) => `and ${n} more`,
  alarm: "resource alarm",
  eventKind: "event alarm",
  test: "test message",
  raw: "not recognized",
  asTitle: "Title that people on call see",
  field: "Field",
  value: "Value",
  from: "Source",
  fromOwn: "set by the relay",
  fromText: "whole text",
  untraced: "The request is too large to find the source of each field.",
  fromAround: (name) => `outside sections: ${name}`,

  recognised: "Format: ",
  shapes: {
    plain: "JSON with ZStack's field names",
    facts: "list of facts, as ZStack's console fills it into a message template",
    own_names: "JSON with custom field names",
    test: "ZStack's test message",
    list: "JSON list without an alarm or an event",
    broken: "broken JSON",
    text: "plain text",
  },
  salvagedShapes: { plain: "broken JSON with ZStack's field names", facts: "broken JSON with facts" },
  wrappers: { string: "a JSON string", list: "a JSON list", sections: "sections", text: "a string in an object" },
  wrappedIn: (wrappers) => `in ${wrappers.join(", in ")}`,
  foundByName: (n) => `${plural(n, "value")} found by name`,
  asText: "These values are not valid JSON. The text between two names was used as it is:",
  allAsJson: "Every value is valid JSON. The error is between the values.",

  knownEvent: "Event",
  knownEnds: "Closes",
  knownEndedBy: "Closed by",
  knownNeverOver: "nothing: ZStack never reports that this event is over",
  knownState: "State",
  knownTrouble: (values) => `problem: ${values}`,
  knownOver: (values) => `over: ${values}`,
  knownSteps: (values) => `intermediate: ${values}`,
  knownByError: "`EVENT_ERROR`: a problem if there is an error, over if there is none",
  knownApart: "Distinguished by",

  brokenAt: (line, column) => `Broken JSON at line ${line}, column ${column}`,
  brokenReadAt: (line, column) => `Broken JSON at line ${line}, column ${column}; the values were still read`,
  unreadable: "No alarm or event was found in the message",
  markedText: "The message, with a mark where parsing stopped",
  endOfText: "end of the text",
  invisible: (name) => `[${name}]`,
  lineBreak: "line break",
  tab: "tab",
  notLost:
    "The message is not lost: people on call get a Warning that shows its text. But its severity is unknown, and its " +
    "recovery cannot close the alert.",
  readAll:
    "The values were still read: a value is the text between its name and the next name. The alert gets its severity " +
    "and its key as usual. Its description says that the template produces broken JSON.",
  causes: {
    quote: [
      "A quotation mark inside a value ended the value early. The text from the mark on is not valid JSON.",
      "ZStack inserts values into a message template without escaping them. A name such as `磁盘 \"数据\"` contains " +
        "quotation marks of its own.",
      "Use the recommended template, which escapes the values that people enter. Without a custom message template, " +
        "this error cannot happen.",
    ],
    control: [
      "A value contains a line break, a tab or another control character at the mark. JSON does not allow that.",
      "ZStack inserts values into a message template without escaping them. Descriptions and errors often have " +
        "several lines.",
      "Use the recommended template, which escapes the values that people enter. Without a custom message template, " +
        "this error cannot happen.",
    ],
    backslash: [
      "A value contains a backslash. In JSON, a backslash starts an escape sequence. Here the sequence is not valid, " +
        "or it escapes the quotation mark that should end the value.",
      "ZStack inserts values into a message template without escaping them. Examples are a path such as `C:\\data`, " +
        "and a name that ends with a backslash.",
      "Use the recommended template, which escapes the values that people enter. Without a custom message template, " +
        "this error cannot happen.",
    ],
    end: [
      "The text ends too early: a brace, a bracket or a quotation mark is not closed.",
      "The last line of the template may be missing. Or a value contains a quotation mark: ZStack inserts values " +
        "without escaping them.",
      "Compare your template with the recommended one, starting from the end.",
    ],
    not_json: [
      "The message is plain text, not JSON. A message template may print plain text, but no fields can be read " +
        "from it.",
      "Change the template so that it prints JSON with ZStack's field names, as the recommended template does.",
    ],
    no_fields: [
      "The message is JSON, but it has no field whose name starts with `ALARM_` or `EVENT_`, or all of these are " +
        "empty.",
      "Change the template so that it prints ZStack's field names, as the recommended template does.",
    ],
    other: [
      "JSON does not allow the character at the mark. Common causes are a missing or superfluous comma, a value " +
        "without quotation marks, and a comment.",
      "An empty variable prints nothing: `\"ALARM_DURATION\": ${ALARM_DURATION}` then has no value. Put a plain " +
        "`${…}` in quotation marks. Numbers in quotation marks are read correctly.",
      "Compare your template with the recommended one.",
    ],
  },
  relaySays: "The relay's error:",
  relaySaysBytes: "The relay's error, in which a column counts bytes, not characters:",
  alarmTemplate: "Recommended template for resource alarms",
  eventTemplate: "Recommended template for event alarms",

  answer: "Answer that ZStack's administrator sees",
  took: (ms) => `after ${ms} ms`,
  notSent: "Not sent",
  noAnswer: "No answer",
  mayBeTaken: "The message may have been accepted. If so, its alert appears in [Alerts](#alerts).",
  noConsole: "The console does not answer. Check that it is still running.",
  answers: {
    200: "Delivered: Flashduty confirmed every alert of this message. ZStack does not send it again.",
    202:
      "Queued: Flashduty does not accept pushes at the moment. The message is in the retry queue and is delivered " +
      "later, in order. For ZStack this is a success.",
    400: "The message is empty or cannot be decoded. ZStack retries four times, then drops it.",
    401:
      "The token is missing or wrong. Set the endpoint's password in ZStack. ZStack retries four times, then drops " +
      "the message.",
    404:
      "There is no such channel. `error.message` names the SSM parameter to create. ZStack retries four times, then " +
      "drops the message.",
    413:
      "The message is larger than 128 KiB. Shorten the message template. ZStack retries four times, then drops " +
      "the message.",
    429: "API Gateway throttled the request. ZStack retries four times within five seconds.",
    502:
      "Flashduty refused the event for good. `error.flashduty` says why. The message is in the dead letter queue. " +
      "ZStack still retries four times.",
    503:
      "Neither Flashduty nor the queue accepted the message. ZStack retries four times within five seconds, then " +
      "drops it.",
    504: "The request took too long. ZStack retries four times within five seconds.",
  },
  answer2xx: "For ZStack this is a success. It does not send the message again.",
  answerOther: "For ZStack this is a failure. It retries four times within five seconds, then drops the message.",

  faultsLead:
    "Simulate a fault of Flashduty, send alarms, and watch how they are queued and delivered. A change takes effect " +
    "immediately.",
  flashduty: "Flashduty",
  noFault: "Works normally",
  refuse: "Refuses every push with status",
  slow: "Answers after a delay of",
  unavailable: "Unavailable: closes every connection",
  millis: "ms",
  faultChannel: "The fault concerns",
  everyPush: "every push",
  rateLimit: "Rate limit of each push URL",
  documented: "As documented: 100/s, 1,000/min",
  tight: "Tight: 1/s, 10/min",
  unlimited: "No limit",
  alarms: "Alarms",
  stormChannel: "Send to",
  ownPushUrl: "the stack's own push URL",
  storm: "Trigger 20 alarms",
  recover: "Recover all",
  stormHint: "The messages are sent one by one through the local API.",
  triggering: (done, all) => `Triggering alarm ${done} of ${all}`,
  recovering: (done, all) => `Recovering alarm ${done} of ${all}`,
  stormDone: (n) => `${n.sent} sent: ${n.delivered} delivered, ${n.queued} queued, ${n.failed} failed.`,
  stormBlocked: (why) => `Stopped: ${why}`,
  stormOpen: (n) => `${plural(n, "alarm")} triggered here and not yet recovered.`,
  traffic: "Last five minutes",
  arrived: "messages received",
  delivered: "events delivered",
  queued: "in the retry queue",
  dead: "dead letters",
  refusedCount: "pushes refused",
  arrivals: "messages received",
  deliveries: "events delivered",
  queueLength: "messages in the retry queue",
  perSecond: "per second",
  waiting: "in the retry queue",
  minutesAgo: (n) => (n === 0 ? "now" : `−${n} min`),
  chart: (n) =>
    `${n.arrived} received, ${n.delivered} delivered. In the retry queue: ${n.queued} now, ${n.longest} at most.`,
  deadHint:
    "Dead letters are messages that Flashduty refused for good. `docs/runbook.md` explains how to send them again in " +
    "AWS. Here they are deleted when `make run` ends.",
  refusals: "Refused pushes",
  noRefusals: "No refused pushes.",
  simulated: "simulated fault",
  unanswered: "no answer",
  bannerRefuse: (status) => `Flashduty refuses pushes with ${status}`,
  bannerSlow: (ms) => `Flashduty answers after ${ms} ms`,
  bannerUnavailable: "Flashduty is unavailable",
  bannerOnly: (text, channel) => `${text} (only channel ${channel})`,
  bannerTight: "Tight rate limit",
  bannerQueued: (n) => `${n} in the retry queue`,
  bannerDead: (n) => plural(n, "dead letter"),

  setupLead:
    "This is a stand-in of ZStack, not a real one. Every 20 seconds something happens in it. It sends nothing until it " +
    "is set up. `scripts/zstack-setup.py` sets it up as it sets up a real ZStack: it creates the endpoint, adds it to " +
    "the alarms, and switches on recovery notification.",
  setupPlan: "Show the plan",
  setupDo: "Set up",
  setupUndo: "Take back",
  setupOutput: "Output of zstack-setup.py",
  setupNotReady: "The stand-in is not ready yet. `make run` starts it.",
  setupNew: "Nothing is set up yet.",
  setupRunning: { plan: "Making the plan…", set_up: "Setting up…", take_back: "Taking back…" },
  setupDone: {
    plan: "Exit status 0. Nothing was changed.",
    set_up:
      "Exit status 0: ZStack is set up. Every 20 seconds it now sends an alarm and its recovery: see [Alerts](#alerts).",
    take_back: "Exit status 0: the last set-up was taken back.",
  },
  setupFailed: (status) => `Exit status ${status}: not everything was done. The output says why.`,
  setupEnded: {
    killed: "A signal ended the program.",
    too_much_output: "The program printed too much, and was ended. The output is cut off.",
    too_long: "The program took too long, and was ended.",
  },
};
