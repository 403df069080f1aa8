#include "linnet/ops/autograd.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "linnet/backend/backend.h"
#include "linnet/base/error.h"

namespace linnet {

// An entry of the tape: how the output it hangs on came to be.
struct Node {
  const char* op;
  std::vector<Tensor> inputs;
  BackwardFn backward;
};

namespace {

thread_local bool t_enabled = false;

// Tensors that lead to `loss`, inputs before what is made of them. A loop, not recursion: chains are long.
std::vector<Tensor> in_order(const Tensor& loss) {
  std::vector<Tensor> order;
  std::unordered_set<const TensorImpl*> seen{loss.impl()};
  std::vector<std::pair<Tensor, std::size_t>> stack{{loss, 0}};
  while (!stack.empty()) {
    auto& [tensor, next] = stack.back();
    const Node* node = tensor.node().get();
    if (node == nullptr || next == node->inputs.size()) {
      order.push_back(tensor);
      stack.pop_back();
      continue;
    }
    const Tensor input = node->inputs[next++];
    if (input.requires_grad() && seen.insert(input.impl()).second) stack.emplace_back(input, 0);
  }
  return order;
}

// Adds `gradient` to the input's, in place where nobody else sees the memory.
void accumulate(const Tensor& input, Tensor gradient) {
  Tensor before = input.grad();
  if (!before) return input.set_grad(std::move(gradient));
  if (before.same(gradient)) return;  // the op added to it itself
  input.set_grad({});
  const std::int64_t n = before.numel();
  if (!before.unique()) {
    if (gradient.unique()) {
      std::swap(before, gradient);
    } else {
      Tensor sum = Tensor::empty(before.shape());
      backend().add(before.data<float>().data(), gradient.data<float>().data(), sum.data<float>().data(), n);
      return input.set_grad(std::move(sum));
    }
  }
  backend().axpy(1.0f, gradient.data<float>().data(), before.data<float>().data(), n);
  input.set_grad(std::move(before));
}

}  // namespace

bool grad_enabled() { return t_enabled; }
GradGuard::GradGuard(bool enabled) : previous_(std::exchange(t_enabled, enabled)) {}
GradGuard::~GradGuard() { t_enabled = previous_; }

bool needs_grad(std::initializer_list<Tensor> inputs) {
  return t_enabled && std::any_of(inputs.begin(), inputs.end(), [](const Tensor& t) { return t.requires_grad(); });
}

Tensor record(const char* op, std::vector<Tensor> inputs, Tensor output, BackwardFn backward) {
  output.set_requires_grad();
  output.set_node(std::make_shared<Node>(Node{op, std::move(inputs), std::move(backward)}));
  return output;
}

void forbid_grad(const char* op, std::initializer_list<Tensor> inputs) {
  check(!needs_grad(inputs), "[{}] has no gradient and an input requires one", op);
}

namespace {

// Walks the tape from `output`, whose gradient is given; nodes, activations and inner gradients go on the way.
void backward_from(const Tensor& output, const Tensor& seed) {
  std::vector<Tensor> order = in_order(output);
  const GradGuard off(false);
  output.set_grad(seed);
  while (!order.empty()) {
    const Tensor tensor = std::move(order.back());
    order.pop_back();
    const std::shared_ptr<Node> node = tensor.node();
    if (node == nullptr) continue;  // a leaf keeps its gradient
    const Tensor gradient = tensor.grad();
    tensor.set_node(nullptr);
    tensor.set_grad({});
    if (!gradient) continue;
    Gradients gradients = node->backward(gradient);
    for (std::size_t i = 0; i < node->inputs.size(); ++i) {
      const Tensor& input = node->inputs[i];
      if (!input.requires_grad()) continue;
      check(i < gradients.size() && gradients[i], "[{}] gave no gradient for input {}", node->op, i);
      accumulate(input, std::move(gradients[i]));
    }
  }
}

}  // namespace

void backward(const Tensor& loss, float seed) {
  check(loss.numel() == 1, "[backward] the loss is {}, not one number", to_string(loss.shape()));
  check(static_cast<bool>(loss.node()),
        "[backward] nothing was recorded for the loss; open a GradGuard before the forward pass");
  backward_from(loss, Tensor::from(std::span(&seed, 1), loss.shape()));
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
    for (const Tensor& input : inputs) leaves.push_back(input.detach().set_requires_grad(input.requires_grad()));
    Tensor again;
    {
      const GradGuard on(true);
      again = fn(leaves);
    }
    Gradients gradients;
    if (again.node()) backward_from(again, dy);
    for (const Tensor& leaf : leaves) gradients.push_back(leaf.requires_grad() && !leaf.grad() ? Tensor::zeros(leaf.shape()) : leaf.grad());
    return gradients;
  });
}

}  // namespace linnet
