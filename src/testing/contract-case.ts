/** One promise of a contract: run it as a test of any framework, `for (const { name, run } of cases) test(name, run)`. */
export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}
