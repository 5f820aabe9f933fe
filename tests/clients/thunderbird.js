// SPDX-License-Identifier: LGPL-2.1-or-later
// What thunderbird.py has Thunderbird do, with the functions behind its own buttons. Runs inside of it, with the name of a function and its
// arguments; hands back what came of it. Everything is waited for, nothing takes a fixed time.

const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const { MailUtils } = ChromeUtils.importESModule("resource:///modules/MailUtils.sys.mjs");
const { setTimeout } = ChromeUtils.importESModule("resource://gre/modules/Timer.sys.mjs");

const PATIENCE = 60000; // milliseconds

// The first value of condition() that is something, or the last one.
async function until(condition) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const value = condition();
    if (value || Date.now() > end) {
      return value;
    }
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

// Says yes to each question that comes up, and keeps its words.
class Questions {
  constructor() {
    this.asked = [];
    Services.obs.addObserver(this, "common-dialog-loaded");
  }

  observe(window) {
    this.asked.push(window.Dialog.args.text || window.document.documentElement.textContent.trim());
    window.setTimeout(() => window.Dialog.ui.button0.click(), 0);
  }

  end() {
    Services.obs.removeObserver(this, "common-dialog-loaded");
    return this.asked;
  }
}

const functions = {
  async ready() {
    return !!(await until(() => Services.wm.getMostRecentWindow("mail:3pane")?.document.readyState == "complete"));
  },

  // A window to write in, of an identity that signs and encrypts by default or not, filled; and a press on Send.
  async send({ identity, to, subject, text, sign, encrypt }) {
    const params = Cc["@mozilla.org/messengercompose/composeparams;1"].createInstance(Ci.nsIMsgComposeParams);
    const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
    params.identity = MailServices.accounts.getIdentity(identity);
    params.identity.setBoolAttribute("sign_mail", sign);
    params.identity.setIntAttribute("encryptionpolicy", encrypt ? 2 : 0);
    fields.from = params.identity.email;
    fields.to = to;
    fields.subject = subject;
    fields.body = text;
    params.composeFields = fields;
    params.type = Ci.nsIMsgCompType.New;
    params.format = Ci.nsIMsgCompFormat.PlainText;
    MailServices.compose.OpenComposeWindowWithParams(null, params);
    const ready = () => {
      const w = Services.wm.getMostRecentWindow("msgcompose");
      const button = w?.document.getElementById("button-send");
      return w?.composeEditorReady && button && !button.disabled && w.gSendSigned == sign && w.gSendEncrypted == encrypt ? w : null;
    };
    const window = await until(ready);
    if (!window) {
      return { sent: false, asked: ["the window for writing is not as wanted"] };
    }
    const questions = new Questions();
    window.setTimeout(() => window.document.getElementById("button-send").click(), 0);
    await until(() => window.closed || questions.asked.length > 0);
    const sent = window.closed;
    if (!sent) {
      window.gContentChanged = false;
      window.close();
    }
    return { sent, asked: questions.end() };
  },

  // A mail in a file, opened in a window of its own: what stands there, and what Thunderbird holds of signature and encryption (null: has none).
  // It works these out after it shows the text: waited for until they are as expected, for once.
  async read({ path, signature, encryption }) {
    const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
    file.initWithPath(path);
    const uri = Services.io.newFileURI(file).mutate().setQuery("type=application/x-message-display").finalize();
    const before = new Set(Services.wm.getEnumerator("mail:messageWindow"));
    MailUtils.openEMLFile(Services.wm.getMostRecentWindow("mail:3pane"), file, uri);
    const window = await until(() => [...Services.wm.getEnumerator("mail:messageWindow")].find(w => !before.has(w)));
    const message = await until(() => window.messageBrowser?.contentWindow);
    const status = value => (value === undefined || value == -1 ? null : value);
    // One that cannot be decrypted is never loaded.
    const end = () =>
      status(message.gSignatureStatus) === signature && status(message.gEncryptionStatus) === encryption && (message.msgLoaded || encryption > 0);
    await until(end);
    const seen = {
      text: message.getMessagePaneBrowser().contentDocument?.body?.textContent.trim() ?? "",
      signature: status(message.gSignatureStatus),
      encryption: status(message.gEncryptionStatus),
    };
    window.close();
    return seen;
  },
};

const [name, options, done] = arguments;
functions[name](options).then(done, error => done({ error: `${error}\n${error.stack}` }));
