/*
 * The part of skrt-hub that a participant sees in JupyterLab: notices, "Get the original back", "Download everything",
 * images by a double click, the page that JupyterLab opens with, the side bar's list of cohorts, whether
 * organisers may look at the notebooks; and how a cell is run.
 *
 * Written by hand as a module federation container, so that nothing has to be built: JupyterLab calls `init` with its
 * shared modules and `get` for the plugins (its bootstrap code, `createModule`).
 */
(() => {
  'use strict';

  const NAME = 'skrt-workspace';
  const EVENT = 'https://skrt-hub/workspace/notice';
  const READ = 12000; /* milliseconds in which somebody who looks at the page has read a line */
  let shared = {};

  /* As the server wrote it into the page. */
  const pageConfig = () => JSON.parse(document.getElementById('jupyter-config-data').textContent);

  /* A narrow screen keeps its layout for itself: in JupyterLab's one workspace, the layout of a phone would be the
     laptop's afterwards. The way back is for a window that was narrow and is wide now. */
  const NARROW = window.matchMedia('(max-width: 760px)').matches;
  const PLAIN = /\/lab(?=\/?$|\/tree\/)/;
  const NARROW_ONE = /\/lab\/workspaces\/narrow(?=\/|$)/;

  function takeTheLayoutFor(path) {
    return NARROW ? path.replace(PLAIN, '/lab/workspaces/narrow') : path.replace(NARROW_ONE, '/lab');
  }

  if (takeTheLayoutFor(location.pathname) !== location.pathname) {
    location.replace(takeTheLayoutFor(location.pathname) + location.search + location.hash);
  }

  /* One of JupyterLab's own modules; there is one version of each in the share scope. */
  async function use(name) {
    const versions = Object.values(shared[name] || {});
    if (versions.length === 0) {
      return null;
    }
    return (await versions[0].get())();
  }

  class Server {
    constructor(services) {
      this.services = services;
      this.settings = services.ServerConnection.makeSettings();
    }

    async ask(path, body) {
      const request = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
      const url = this.settings.baseUrl + 'skrt/' + path;
      const response = await this.services.ServerConnection.makeRequest(url, request, this.settings);
      const answer = await response.json();
      if (!response.ok) {
        throw new Error(answer.message || response.statusText);
      }
      return answer;
    }

    /* An image of a look, as an address within the page. */
    async image(token, name) {
      const url = this.settings.baseUrl + 'skrt/look/' + token + '/' + name;
      const response = await this.services.ServerConnection.makeRequest(url, {}, this.settings);
      if (!response.ok) {
        throw new Error('The image was closed meanwhile: open it again.');
      }
      return URL.createObjectURL(await response.blob());
    }
  }

  /* What the server tells, as notifications; a dismissed one is told to the server and does not come back. */
  class Notices {
    constructor(server, apputils, translate) {
      this.server = server;
      this.apputils = apputils;
      this.translate = translate;
      this.shown = new Map();
      this.onShown = () => undefined;
      this.last = Promise.resolve();
      apputils.Notification.manager.changed.connect((_, change) => this.onChange(change));
    }

    /* One at a time: an answer that comes late would bring back what is no longer so. */
    refresh() {
      this.last = this.last.catch(() => undefined).then(() => this.bringUpToDate());
      return this.last;
    }

    async bringUpToDate() {
      const answer = await this.server.ask('notices');
      this.onShown(answer.shown_until);
      const names = answer.notices.map(notice => notice.name);
      for (const [id, name] of this.shown) {
        /* No longer so, said again together with something newer, or dismissed in another page. */
        if (!names.includes(name)) {
          this.shown.delete(id);
          this.apputils.Notification.dismiss(id);
        }
      }
      for (const notice of answer.notices) {
        this.show(notice);
      }
    }

    show(notice) {
      if ([...this.shown.values()].includes(notice.name)) {
        return;
      }
      const { Notification, showDialog, Dialog } = this.apputils;
      const type = { memory: 'error', space: 'warning', patients: 'warning' }[notice.kind] || 'info';
      const [first, ...rest] = notice.text.split('\n');
      const long = rest.length > 0 || first.length > 130;
      const details = {
        label: this.translate('Show all'),
        callback: () => showDialog({
          title: this.translate('Message from the hub'),
          body: textBody(notice.text),
          buttons: [Dialog.okButton()]
        })
      };
      /* A button dismisses; the cross of JupyterLab's own only hides, and the notice would come back with the page. */
      const read = { label: this.translate('OK'), callback: () => undefined };
      const text = first.length > 130 ? first.slice(0, 127) + '...' : first;
      const id = Notification.emit(text, type, { autoClose: false, actions: [long ? details : read] });
      this.shown.set(id, notice.name);
      if (notice.read_once_seen) {
        this.endOnceRead(id);
      }
    }

    /* That there are new files is said once: they are in the file list. */
    endOnceRead(id) {
      const end = () => document.hidden ? this.endOnceRead(id) : this.apputils.Notification.dismiss(id);
      setTimeout(end, READ);
    }

    onChange(change) {
      const id = change.notification && change.notification.id;
      if (change.type === 'removed' && this.shown.has(id)) {
        this.server.ask('notices', { seen: [this.shown.get(id)] }).catch(() => undefined);
      }
    }
  }

  function textBody(text) {
    const node = document.createElement('div');
    node.style.whiteSpace = 'pre-wrap';
    node.style.maxWidth = '60em';
    node.style.maxHeight = '60vh';
    node.style.overflow = 'auto';
    node.textContent = text;
    const body = new (textBody.Widget)({ node });
    return body;
  }

  /* Paths that came from the material, to offer the original only where there is one. */
  class Material {
    constructor(server) {
      this.server = server;
      this.paths = new Set();
    }

    async refresh() {
      this.paths = new Set((await this.server.ask('material')).paths);
    }
  }

  function selectedPath(factory) {
    const browser = factory && factory.tracker.currentWidget;
    const items = browser ? [...browser.selectedItems()] : [];
    return items.length === 1 && items[0].type !== 'directory' ? items[0].path : null;
  }

  function currentPath(app, docmanager) {
    const widget = app.shell.currentWidget;
    const context = widget && docmanager ? docmanager.contextForWidget(widget) : null;
    return context ? context.path : null;
  }

  /* Show in the file list at once what changed on the disk; it would look by itself only now and then. */
  function showFiles(factory) {
    const browser = factory && factory.tracker.currentWidget;
    return browser ? browser.model.refresh() : undefined;
  }

  async function giveBack(server, apputils, docmanager, factory, path) {
    const { Notification } = apputils;
    try {
      const answer = await server.ask('original', { path });
      void showFiles(factory);
      const kept = answer.kept ? ' Yours is kept as ' + answer.kept + '.' : '';
      Notification.success(answer.path.split('/').pop() + ' is the original again.' + kept, { autoClose: 8000 });
      const open = docmanager && docmanager.findWidget(path);
      if (open) {
        const context = docmanager.contextForWidget(open);
        if (context && !context.model.dirty) {
          await context.revert();
        }
      }
    } catch (error) {
      Notification.error(String(error.message || error), { autoClose: false });
    }
  }

  function downloadEverything(server) {
    const url = new URL(server.settings.baseUrl + 'skrt/everything', window.location.href);
    const match = document.cookie.match('\\b_xsrf=([^;]*)\\b');
    if (match) {
      url.searchParams.set('_xsrf', match[1]);
    }
    const link = document.createElement('a');
    link.href = url.href;
    link.download = '';
    document.body.appendChild(link);
    link.click();
    link.remove();
  }

  function addCommands(app, parts) {
    const { server, apputils, material, factory, docmanager, translate } = parts;
    const pathAtHand = () => selectedPath(factory);
    app.commands.addCommand('skrt:original', {
      label: translate('Get the Original Back'),
      caption: translate('Put the original of this file in its place; yours is kept under a new name'),
      isVisible: () => material.paths.has(pathAtHand()),
      execute: () => giveBack(server, apputils, docmanager, factory, pathAtHand())
    });
    app.commands.addCommand('skrt:original-of-this', {
      label: translate('Get the Original of This File Back'),
      isEnabled: () => material.paths.has(currentPath(app, docmanager)),
      execute: () => giveBack(server, apputils, docmanager, factory, currentPath(app, docmanager))
    });
    app.commands.addCommand('skrt:everything', {
      label: translate('Download Everything'),
      caption: translate('Download all your files as one .zip archive'),
      execute: () => downloadEverything(server)
    });
    app.contextMenu.addItem({ command: 'skrt:original', selector: '.jp-DirListing-item[data-isdir="false"]', rank: 9 });
    app.contextMenu.addItem({ command: 'skrt:everything', selector: '.jp-DirListing-content', rank: 60 });
  }

  /* Kinds of files that a double click opens as images; others can be by "Look at Images". */
  const IMAGES = [
    { name: 'skrt-dicom', displayName: 'DICOM', extensions: ['.dcm', '.DCM', '.ima', '.IMA'] },
    { name: 'skrt-nifti', displayName: 'NIfTI', extensions: ['.nii', '.nii.gz'] },
    { name: 'skrt-itk', displayName: 'NRRD or MetaImage', extensions: ['.nrrd', '.mha'] }
  ];
  const HERE = document.currentScript ? document.currentScript.src : '';

  /* JupyterLab's own scripts in one file (install/first_scripts.py), on its way while the other extensions are loaded.
     What is not in it, or does not come, JupyterLab asks for by itself. */
  const first = new Promise(done => {
    const script = document.createElement('script');
    script.onload = done;
    script.onerror = done;
    script.src = new URL('./first.js', HERE || location.href).href;
    document.head.appendChild(script);
  });
  const settingsModule = import(new URL('./settings.js', HERE || location.href).href).catch(() => null);
  /* Before JupyterLab's first request: what the page asks a closed hub waits. */
  const closing = import(new URL('./closing.js', HERE || location.href).href)
    .then(module => new module.Closing(pageConfig().baseUrl));
  window.skrtNotebook = new URL('./notebook.js', HERE || location.href).href; // for skrt_workspace.viewer.widget

  /* A widget that fills itself once it is in the page: `kind` is Look or Study. */
  function lookWidget(widgets, server, kind, ...words) {
    const content = new widgets.Widget();
    content.addClass('skrt-look-widget');
    let shown = null;
    void import(new URL('./look.js', HERE).href).then(module => {
      shown = new module[kind](server, content.node);
      return shown.open(...words);
    }).catch(error => {
      content.node.textContent = 'The viewer could not be loaded: ' + String(error.message || error);
    });
    content.disposed.connect(() => shown && shown.dispose());
    return content;
  }

  function addImages(app, parts) {
    const { server, apputils, docregistry, widgets, factory, translate } = parts;
    /* The page needs no content: the server reads the file. */
    class NoContent extends docregistry.TextModelFactory {
      get name() { return 'skrt-image'; }
      get contentType() { return 'file'; }
      get fileFormat() { return null; }
    }
    class ImageFactory extends docregistry.ABCWidgetFactory {
      createNewWidget(context) {
        const content = lookWidget(widgets, server, 'Look', context.path);
        return new docregistry.DocumentWidget({ content, context });
      }
    }
    const names = IMAGES.map(type => type.name);
    for (const type of IMAGES) {
      app.docRegistry.addFileType({ ...type, mimeTypes: [], contentType: 'file', fileFormat: 'base64' });
    }
    app.docRegistry.addModelFactory(new NoContent());
    app.docRegistry.addWidgetFactory(new ImageFactory({
      name: 'Images', label: translate('Images'), modelName: 'skrt-image', fileTypes: [...names, 'default'],
      defaultFor: names, readOnly: true
    }));
    const open = (kind, path) => {
      const content = lookWidget(widgets, server, kind, path);
      const widget = new apputils.MainAreaWidget({ content });
      widget.title.label = path.split('/').pop();
      widget.title.closable = true;
      app.shell.add(widget, 'main');
      app.shell.activateById(widget.id);
    };
    const selected = () => {
      const browser = factory && factory.tracker.currentWidget;
      const items = browser ? [...browser.selectedItems()] : [];
      return items.length === 1 ? items[0] : null;
    };
    app.commands.addCommand('skrt:study', {
      label: translate('Open Study'),
      caption: translate('Patients, studies and series of the images in this folder'),
      execute: args => open('Study', args.path || selected().path)
    });
    app.commands.addCommand('skrt:look', {
      label: translate('Look at Images'),
      caption: translate('Open a file as an image, whatever its name'),
      execute: args => open('Look', args.path || selected().path)
    });
    app.contextMenu.addItem({ command: 'skrt:study', selector: '.jp-DirListing-item[data-isdir="true"]', rank: 4 });
    app.contextMenu.addItem({ command: 'skrt:look', selector: '.jp-DirListing-item[data-isdir="false"]', rank: 4 });
  }

  /* Instead of an empty launcher: the page of the course. Whoever has something open comes back to that, and whoever
     follows a link to a file sees that file. */
  function addStart(app, parts) {
    const { server, apputils, widgets, rendermime, docmanager, language, translate, asked } = parts;
    /* In a page for one document only, or with another view than usual, JupyterLab alone opens it. */
    const own = app.shell.mode !== 'single-document' && !/[?&]factory=/.test(location.search);
    const isFile = path => docmanager.services.contents.get(path, { content: false })
      .then(found => found.type !== 'directory', () => false);
    let page = null;
    const draw = async text => {
      const renderer = rendermime.createRenderer('text/markdown');
      await renderer.renderModel(rendermime.createModel({ data: { 'text/markdown': text }, trusted: false }));
      return renderer.node;
    };
    const does = {
      draw,
      open: path => docmanager.openOrReveal(path),
      command: (name, words) => app.commands.execute(name, words)
    };
    const show = async () => {
      if (!page || page.isDisposed) {
        const content = new widgets.Widget();
        page = new apputils.MainAreaWidget({ content });
        page.id = 'skrt-start';
        page.title.label = translate('Start');
        page.title.closable = true;
        app.shell.add(page, 'main');
        const { Start } = await import(new URL('./start.js', HERE).href);
        await new Start(server, content.node, does, language).open();
      }
      app.shell.activateById('skrt-start');
    };
    app.commands.addCommand('skrt:start', {
      label: translate('Start Page'),
      caption: translate("The course's notebooks, what is new, and your limits"),
      execute: show
    });
    void app.restored.then(async () => {
      if (asked && await isFile(asked)) {
        /* JupyterLab waits for most of a second before it does the same. It shows what is there then, and writes the
           address; a widget that had been shown before would be none that it notices. */
        return own && docmanager.openOrReveal(asked, 'default', undefined, { activate: false });
      }
      const open = [...app.shell.widgets('main')];
      const only = open.every(widget => widget.id.startsWith('launcher'));
      if (app.name === 'JupyterLab' && app.shell.mode !== 'single-document' && only) {
        return show().then(() => open.forEach(widget => widget.close()));
      }
    });
  }

  /* A side bar's widget that looks only while it is seen. */
  function addCohorts(app, parts) {
    const { server, widgets, language, translate } = parts;
    class Panel extends widgets.Widget {
      async onAfterShow() {
        this.seen = true;
        if (!this.list) {
          const { Cohorts } = await import(new URL('./cohorts.js', HERE).href);
          this.list = this.list || new Cohorts(server, this.node, language);
        }
        if (this.seen) {
          this.list.show();
        }
      }
      onAfterHide() {
        this.seen = false;
        if (this.list) {
          this.list.hide();
        }
      }
    }
    const panel = new Panel();
    panel.id = 'skrt-cohorts';
    panel.title.label = translate('Cohorts');
    panel.title.caption = translate('Cohorts: functions for many patients');
    app.shell.add(panel, 'left', { rank: 600 });
    app.commands.addCommand('skrt:cohorts', {
      label: translate('Cohorts'),
      caption: translate('How far functions for many patients are'),
      execute: () => app.shell.activateById(panel.id)
    });
  }

  /* Organisers may look at the notebooks, for a while: the menu's entry, and the line at the top that says so. */
  function addShowing(app, parts) {
    const { server, apputils, widgets, notices, language } = parts;
    let showing = null;
    const load = () => {
      if (!showing) {
        const line = new widgets.Widget();
        line.id = 'skrt-showing';
        app.shell.add(line, 'top', { rank: 1000 });
        showing = import(new URL('./showing.js', HERE).href)
          .then(module => new module.Showing(server, apputils, line.node, language));
      }
      return showing;
    };
    notices.onShown = until => {
      if (until || showing) {
        void load().then(shown => shown.set(until));
      }
    };
    const german = /^de/i.test(language);
    app.commands.addCommand('skrt:showing', {
      label: german ? 'Notebooks der Kursleitung zeigen' : 'Let Organisers Look at My Notebooks',
      caption: german ? 'Für eine halbe Stunde, zum Lesen' : 'For half an hour, to read',
      execute: () => load().then(shown => shown.ask())
    });
  }

  /* The line at the top that says when the hub is closed. */
  function addClosing(app, { apputils, widgets, language }) {
    void closing.catch(() => null).then(found => {
      if (!found) {
        return;
      }
      const line = new widgets.Widget();
      line.id = 'skrt-closed';
      app.shell.add(line, 'top', { rank: 1001 });
      found.show(apputils, line.node, language);
    });
  }

  const NO_ANSWER = 8000; /* milliseconds */

  /* Most pages of the Help menu lie on the internet. Where the browser does not reach it, that is said, in place of a
     frame with an error. */
  function addHelp(app, apputils, language) {
    const words = /^de/i.test(language)
      ? 'Diese Seite liegt im Internet, das dieser Browser nicht erreicht: '
      : 'This page is on the internet, which this browser does not reach: ';
    app.commands.commandExecuted.connect((_, { id, args, result }) => {
      const url = args && args.url;
      if (id !== 'help:open' || !url || new URL(url, window.location.href).origin === window.location.origin) {
        return;
      }
      const asked = fetch(url, { mode: 'no-cors', cache: 'no-store', signal: AbortSignal.timeout(NO_ANSWER) });
      asked.catch(async () => {
        const shown = await result;
        if (shown) {
          shown.dispose();
        }
        apputils.Notification.warning(words + url, { autoClose: NO_ANSWER });
      });
    });
  }

  const PATIENCE = 60000; /* milliseconds */

  /* Runs cells as JupyterLab does, but a cell that is run while the notebook's kernel has not begun waits for it.
     JupyterLab's own executor then drops the cell without a word, or asks which kernel is meant. */
  function executor(notebook) {
    const begun = async (cell, context) => {
      cell.setPrompt('*');
      await Promise.race([context.ready, new Promise(done => setTimeout(done, PATIENCE))]);
      if (!cell.isDisposed) {
        cell.setPrompt('');
      }
    };
    return Object.freeze({
      runCell: async options => {
        const { cell, sessionContext } = options;
        if (cell.model.type === 'code' && sessionContext && !sessionContext.isReady) {
          await begun(cell, sessionContext);
        }
        return cell.isDisposed ? false : notebook.runCell(options);
      }
    });
  }

  async function plugins() {
    const [
      services, apputils, filebrowser, docmanager, mainmenu, widgets, docregistry, rendermime, translation, notebook,
      settingregistry, settings
    ] = await Promise.all([
      use('@jupyterlab/services'),
      use('@jupyterlab/apputils'),
      use('@jupyterlab/filebrowser'),
      use('@jupyterlab/docmanager'),
      use('@jupyterlab/mainmenu'),
      use('@lumino/widgets'),
      use('@jupyterlab/docregistry'),
      use('@jupyterlab/rendermime'),
      use('@jupyterlab/translation'),
      use('@jupyterlab/notebook'),
      use('@jupyterlab/settingregistry'),
      settingsModule
    ]);
    if (settings) {
      settings.use(settingregistry);
    }
    textBody.Widget = widgets.Widget;
    const optional = [
      filebrowser.IFileBrowserFactory, docmanager.IDocumentManager, mainmenu.IMainMenu, apputils.ICommandPalette,
      rendermime.IRenderMimeRegistry, translation.ITranslator
    ];
    return [{
      id: NAME + ':executor',
      autoStart: true,
      provides: notebook.INotebookCellExecutor,
      activate: () => executor(notebook)
    }, {
      id: NAME + ':home',
      autoStart: true,
      optional,
      activate: (app, factory, manager, menu, palette, registry, translator) => {
        const server = new Server(services);
        const translate = text => text;
        const notices = new Notices(server, apputils, translate);
        const material = new Material(server);
        addImages(app, { server, apputils, docregistry, widgets, factory, translate });
        addCommands(app, { server, apputils, material, factory, docmanager: manager, translate });
        const language = translator ? translator.languageCode : '';
        addCohorts(app, { server, widgets, language, translate });
        addShowing(app, { server, apputils, widgets, notices, language });
        addClosing(app, { apputils, widgets, language });
        addHelp(app, apputils, language);
        if (manager && registry) {
          const asked = pageConfig().treePath; // JupyterLab forgets it while it opens the file
          addStart(app, {
            server, apputils, widgets, rendermime: registry, docmanager: manager, language, translate, asked
          });
        }
        if (menu) {
          menu.helpMenu.addGroup([{ command: 'skrt:start' }], -1);
          const own = ['skrt:everything', 'skrt:original-of-this', 'skrt:showing'];
          menu.fileMenu.addGroup(own.map(command => ({ command })), 95);
        }
        if (palette) {
          for (const command of ['skrt:start', 'skrt:cohorts', 'skrt:everything', 'skrt:original-of-this', 'skrt:showing']) {
            palette.addItem({ command, category: 'File Operations' });
          }
        }
        const refresh = () => Promise.all([notices.refresh(), material.refresh()]).catch(() => undefined);
        app.serviceManager.events.stream.connect((_, event) => {
          if (event.schema_id === EVENT) {
            void refresh();
            void showFiles(factory);
          }
        });
        void app.restored.then(refresh);
        if (NARROW && app.shell.collapseLeft) {
          void app.restored.then(() => app.shell.collapseLeft());
        }
      }
    }];
  }

  const container = {
    init: scope => {
      shared = scope;
      return first;
    },
    get: async module => {
      if (module !== './extension') {
        throw new Error(NAME + ' has no module ' + module);
      }
      /* Not before: JupyterLab begins with the page's `load`, which waits for scripts, and for no module. */
      await closing.catch(() => undefined);
      const made = await plugins();
      return () => ({ __esModule: true, default: made });
    }
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = container;
})();
