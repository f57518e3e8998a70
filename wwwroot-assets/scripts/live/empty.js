// What stands in the place of completions while there are none: what will be here, and when.

/** @returns {[string, string]} a title and a sentence. */
export function emptyWords(page, step) {
  if (step.groups.size > 0) return ["No completion passes the filters", "Nothing is lost; clear the filters to see the step again."];
  if (page.stages.size === 0) return ["This run samples no rollouts", "It has no GRPO stage; its metrics are on the run's page."];
  if (page.hasEnded) return ["No rollouts are stored", "The run ended before a GRPO stage sampled."];
  if (!page.summary) return ["Connecting", "Completions appear here, token by token."];
  if (page.state === "queued" || page.state === "starting") return ["The run waits for its turn", "Completions appear here, token by token, once a GRPO stage samples."];
  const { stage, step: done, steps } = page.summary;
  if (stage && !page.stages.has(stage)) return [`${stage} is fine-tuning, step ${done} of ${steps}`, `It samples nothing. Completions appear here, token by token, once ${[...page.stages.keys()][0]} begins.`];
  return ["Nothing is sampled at the moment", "Completions appear here, token by token, with the next step."];
}
