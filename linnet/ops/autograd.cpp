#include "linnet/ops/autograd.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "linnet/ops/internal.h"

namespace linnet {

using StatePtr = std::shared_ptr<GradState>;

// A node of the tape: the operation that computed a tensor.
struct Node {
  const char* op;
  std::vector<StatePtr> inputs;  // null if no gradient is needed
  BackwardFn backward;

  Node(const char* name, std::vector<StatePtr> from, BackwardFn fn)
      : op(name), inputs(std::move(from)), backward(std::move(fn)) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node();
};

namespace {

thread_local bool t_enabled = false;

// Moves the nodes of inputs that have no other owner to `orphans`.
void take_orphans(Node& node, std::vector<std::shared_ptr<Node>>& orphans) {
  node.backward = nullptr;  // it holds inputs too
  for (const StatePtr& input : node.inputs)
    if (input != nullptr && input.use_count() == 1 && input->node != nullptr) orphans.push_back(std::move(input->node));
}

// The states that lead to `loss` in topological order. Iterative, since chains are long.
std::vector<StatePtr> in_order(const StatePtr& loss) {
  std::vector<StatePtr> order;
  std::unordered_set<const GradState*> seen{loss.get()};
  std::vector<std::pair<StatePtr, std::size_t>> stack{{loss, 0}};
  while (!stack.empty()) {
    auto& [state, next] = stack.back();
    const Node* node = state->node.get();
    if (node == nullptr || next == node->inputs.size()) {
      order.push_back(std::move(state));
      stack.pop_back();
      continue;
    }
    const StatePtr& input = node->inputs[next++];
    if (input != nullptr && seen.insert(input.get()).second) stack.emplace_back(input, 0);
  }
  return order;
}

// Adds `gradient` to the state's, in place if nothing else uses the memory.
void accumulate(GradState& state, Tensor gradient) {
  Tensor& sum = state.grad;
  if (state.added && sum.same(gradient)) {
    state.added = false;
    return;
  }
  state.forget_rows();
  check_device("backward", sum, gradient);
  if (!sum) {
    sum = std::move(gradient);
    return;
  }
  if (!sum.unique()) {
    if (gradient.unique()) {
      std::swap(sum, gradient);
    } else {
      Tensor fresh = like(sum);
      backend(sum.device()).add(in(sum), in(gradient), out(fresh), sum.numel());
      sum = std::move(fresh);
      return;
    }
  }
  backend(sum.device()).axpy(1.0f, in(gradient), out(sum), sum.numel());
}

}  // namespace

// A tape without a backward pass is destroyed iteratively too: its chain may be long.
Node::~Node() {
  std::vector<std::shared_ptr<Node>> orphans;
  take_orphans(*this, orphans);
  while (!orphans.empty()) {
    const std::shared_ptr<Node> node = std::move(orphans.back());
    orphans.pop_back();
    if (node.use_count() == 1) take_orphans(*node, orphans);
  }
}

bool grad_enabled() { return t_enabled; }
GradGuard::GradGuard(bool enabled) : previous_(std::exchange(t_enabled, enabled)) {}
GradGuard::~GradGuard() { t_enabled = previous_; }

bool needs_grad(std::initializer_list<Tensor> inputs) {
  return t_enabled && std::any_of(inputs.begin(), inputs.end(), [](const Tensor& t) { return t.requires_grad(); });
}

Tensor record(const char* op, const std::vector<Tensor>& inputs, Tensor output, BackwardFn backward) {
  std::vector<StatePtr> states;
  states.reserve(inputs.size());
  for (const Tensor& input : inputs) states.push_back(input.requires_grad() ? input.grad_state() : nullptr);
  output.set_requires_grad();
  output.set_node(std::make_shared<Node>(op, std::move(states), std::move(backward)));
  return output;
}

void forbid_grad(const char* op, std::initializer_list<Tensor> inputs) {
  check(!needs_grad(inputs), "[{}] has no gradient and an input requires one", op);
}

namespace {

// Runs the gradient function of `state` and passes its gradients to the inputs.
void step_back(GradState& state) {
  const std::shared_ptr<Node> node = std::move(state.node);
  const Tensor gradient = std::exchange(state.grad, {});
  state.forget_rows();
  if (!gradient) return;
  Gradients gradients = node->backward(gradient);
  for (std::size_t i = 0; i < node->inputs.size(); ++i) {
    if (node->inputs[i] == nullptr) continue;
    check(i < gradients.size() && gradients[i], "[{}] gave no gradient for input {}", node->op, i);
    accumulate(*node->inputs[i], std::move(gradients[i]));
  }
}

// Runs backward from `output`, whose gradient is given; frees nodes, activations and inner gradients on the way.
void backward_from(const Tensor& output, const Tensor& seed) {
  std::vector<StatePtr> order = in_order(output.grad_state()), leaves;
  const GradGuard off(false);
  output.set_grad(seed);
  while (!order.empty()) {
    const StatePtr state = std::move(order.back());
    order.pop_back();
    if (state->node != nullptr)
      step_back(*state);
    else
      leaves.push_back(state);
  }
  // A leaf owns its gradient: scaling it must not change another's.
  for (const StatePtr& leaf : leaves) {
    if (!leaf->grad || leaf->grad.unique()) continue;
    leaf->grad = leaf->grad.clone();
  }
}

}  // namespace

void backward(const Tensor& loss, float seed) {
  check(loss.numel() == 1, "[backward] the loss is {}, not one number", to_string(loss.shape()));
  check(static_cast<bool>(loss.node()),
        "[backward] nothing was recorded for the loss; open a GradGuard before the forward pass");
  backward_from(loss, Tensor::from(std::span(&seed, 1), loss.shape()).to(loss.device()));
}

Tensor recompute(const std::function<Tensor(const std::vector<Tensor>&)>& fn, const std::vector<Tensor>& inputs) {
  if (!t_enabled) return fn(inputs);
  Tensor output;
  {
    const GradGuard off(false);
    output = fn(inputs).detach();
  }
  return record("recompute", inputs, output, [fn, inputs](const Tensor& dy) {
    std::vector<Tensor> leaves;
    leaves.reserve(inputs.size());
    for (const Tensor& input : inputs)
      leaves.push_back(input ? input.detach().set_requires_grad(input.requires_grad()) : Tensor());
    Tensor again;
    {
      const GradGuard on(true);
      again = fn(leaves);
    }
    Gradients gradients;
    if (again.node()) backward_from(again, dy);
    for (const Tensor& leaf : leaves) {
      const Tensor gradient = leaf ? leaf.grad() : Tensor();
      gradients.push_back(leaf.requires_grad() && !gradient ? zeros_on(leaf.device(), leaf.shape()) : gradient);
    }
    return gradients;
  });
}

}  // namespace linnet
