/**
 * Asks while something is dragged: the newest wins.
 *
 * As many as `most` are under way at once, so that the server computes while an answer travels. Of what is asked
 * meanwhile only the newest waits. An answer ends all that were asked before it, and none is taken after a newer one.
 * Whoever is slower than `patience` ms is given up for what waits, and the next gets twice as long, so that something
 * is shown of slow functions too.
 */
export class Newest {
  #send;
  #take;
  #fail;
  #now;
  #underWay = [];
  #waiting = null;
  #count = 0;
  #taken = 0;
  #patience;

  /**
   * @param send takes a request and a signal, and promises the answer.
   * @param take is called with each answer and its request.
   * @param fail is called with each error and its request.
   */
  constructor(send, take, fail, { most = 2, patience = 400, now = () => performance.now() } = {}) {
    this.#send = send;
    this.#take = take;
    this.#fail = fail;
    this.#now = now;
    this.most = most;
    this.patience = this.#patience = patience;
  }

  /** Asks for something, which takes the place of what waits. */
  ask(request) {
    this.#waiting = { request };
    const [oldest] = this.#underWay;
    if (this.#underWay.length >= this.most && this.#now() - oldest.at > this.#patience) {
      this.#patience *= 2;
      this.#end(oldest);
    }
    this.#next();
  }

  /** Gives up all that was asked for. */
  cancel() {
    this.#waiting = null;
    [...this.#underWay].forEach((each) => this.#end(each));
  }

  /** How many are under way. */
  get underWay() {
    return this.#underWay.length;
  }

  #next() {
    if (!this.#waiting || this.#underWay.length >= this.most) {
      return;
    }
    const { request } = this.#waiting;
    const call = { number: ++this.#count, at: this.#now(), controller: new AbortController() };
    this.#waiting = null;
    this.#underWay.push(call);
    this.#send(request, call.controller.signal).then(
      (answer) => this.#ended(call, () => this.#take(answer, request)),
      (error) => this.#ended(call, () => this.#fail(error, request)),
    );
  }

  #ended(call, tell) {
    const isWanted = !call.controller.signal.aborted && call.number > this.#taken;
    this.#remove(call);
    if (isWanted) {
      this.#taken = call.number;
      this.#patience = Math.max(this.patience, 3 * (this.#now() - call.at));
      this.#underWay.filter((each) => each.number < call.number).forEach((each) => this.#end(each));
    }
    this.#next();
    if (isWanted) {
      tell();
    }
  }

  #end(call) {
    this.#remove(call);
    call.controller.abort();
  }

  #remove(call) {
    this.#underWay = this.#underWay.filter((each) => each !== call);
  }
}
